import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { watchChild } from '../../src/embedded/child-process.ts';
import { processStart, signalProcess } from '../../src/embedded/processes.ts';
import { createService, type Service } from '../../src/embedded/service.ts';
import { StartError } from '../../src/embedded/start-error.ts';
import { poll } from '../support/poll.ts';

describe('embedded/service', function () {
  this.timeout(90_000);
  let service: Service;
  let pids: number[];
  let said: string[];
  let givenUp: string | undefined;
  beforeEach(() => {
    pids = [];
    said = [];
    givenUp = undefined;
  });
  afterEach(() => service.stop());

  function create(script: () => string, ready: () => Promise<void> = async () => {}): Service {
    service = createService({
      name: 'the clerk',
      logFile: '/logs/clerk.log',
      launch: () => watchChild(spawn('sh', ['-c', script()], { stdio: 'ignore' }), ready),
      stopSignal: 'SIGTERM',
      hurrySignal: 'SIGKILL',
      stopWithin: 200,
      onPid: (pid) => pid !== undefined && pids.push(pid),
      say: (line) => said.push(line),
      onGiveUp: (reason) => (givenUp = reason),
    });
    return service;
  }

  it('starts a process again when it ends, until it is stopped', async () => {
    await create(() => 'exec sleep 60').start();
    signalProcess(pids[0]!, 'SIGKILL');
    await poll(() => pids.length === 2);
    await service.stop();
    assert.deepEqual(said, ['The clerk was ended by SIGKILL; starting it again.']);
    assert.deepEqual(
      pids.map((pid) => processStart(pid)),
      [undefined, undefined],
    );
    assert.equal(givenUp, undefined);
  });

  it('gives up on one that ends five times within a minute', async () => {
    let launches = 0;
    await create(() => (launches++ === 0 ? 'exec sleep 60' : 'exit 3')).start();
    signalProcess(pids[0]!, 'SIGKILL');
    await poll(() => givenUp, { timeoutMs: 60_000 });
    assert.equal(givenUp, 'The clerk keeps failing: it ended 5 times within a minute. /logs/clerk.log tells more.');
    assert.equal(launches, 5);
  });

  it('does not retry the first start, and leaves nothing of it', async () => {
    const start = create(
      () => 'exec sleep 60',
      () => Promise.reject(new Error('it cannot')),
    ).start();
    await assert.rejects(
      start,
      (error: Error) =>
        error instanceof StartError &&
        error.message === 'The clerk did not start: it cannot. /logs/clerk.log tells more.',
    );
    assert.equal(processStart(pids[0]!), undefined);
    assert.equal(pids.length, 1);
  });

  it('makes one stop that does not want to', async () => {
    let deaf = false;
    await create(
      () => "trap '' TERM; while :; do sleep 0.05; done",
      async () => void (deaf = true),
    ).start();
    assert.ok(deaf);
    const pid = pids[0]!;
    // Until the shell has set its trap, a signal would end it.
    await poll(async () => /\sSigIgn:\s+0*4\d{3}/.test(await statusOf(pid)));
    await service.stop();
    assert.deepEqual(said, ['The clerk takes too long to stop and is made to.']);
    assert.equal(processStart(pid), undefined);
  });
});

async function statusOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/status`, 'utf8');
}
