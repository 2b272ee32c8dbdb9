import assert from 'node:assert/strict';
import { createKeepHouse } from '../../src/activities/keep-house.ts';
import { createLogger } from '../../src/logger.ts';

describe('activities/keep-house', () => {
  it('beats while a chore takes long, and goes on after one that fails', async () => {
    const stop = new AbortController();
    let beats = 0;
    const ran: string[] = [];
    const waitForBeats = async () => {
      while (beats < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const keepHouse = createKeepHouse({
      logger: createLogger('silent', 'test'),
      chores: [
        {
          name: 'fails',
          everyMs: 60_000,
          run: () => {
            ran.push('fails');
            return Promise.reject(new Error('CONNECTION_CLOSED'));
          },
        },
        {
          name: 'takes long',
          everyMs: 60_000,
          run: async () => {
            await waitForBeats();
            ran.push('takes long');
            stop.abort();
            return 1;
          },
        },
      ],
    });
    await keepHouse(0, stop.signal, () => (beats += 1));
    assert.deepEqual(ran, ['fails', 'takes long']);
  });
});
