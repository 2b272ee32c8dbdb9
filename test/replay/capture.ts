import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { Ahead } from '../../src/activities/incident-activities.ts';
import type { Transition } from '../../src/domain/incident/transition.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { checksumFile, historiesFolder } from './histories.ts';
import { type Activities, failing, failingOnce, nobody, stories, type Run } from './stories.ts';

// Run by hand at a release (CONTRIBUTING.md): `npm test -- test/replay/capture.ts`. It adds histories named after
// the version in package.json and never touches one that is there.
describe('capture histories', () => {
  let temporal: TestTemporal;
  before(async () => void (temporal = await connectTestTemporal()));
  after(() => temporal.close());

  for (const story of stories)
    it(story.name, async () => {
      const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
      const tries = new Map<string, number>();
      const activities: Activities = {
        recordTransitions: async ({ transitions }) => storedAhead(story.name, transitions),
        async runAction({ actionId }) {
          const tried = (tries.get(actionId) ?? 0) + 1;
          tries.set(actionId, tried);
          if (actionId.startsWith(failingOnce) && tried === 1) throw new Error('try again');
          if (actionId.startsWith(failing)) throw ApplicationFailure.nonRetryable('no use');
        },
        giveUpAction: async () => {},
        page: async ({ targets }) => {
          const members = targets.some(({ id }) => id === nobody) ? 0 : targets.length;
          return { members, reachable: members };
        },
        mergeIncidents: async ({ incidentIds }) =>
          incidentIds.includes(nobody) ? { refused: 'no such incident' } : { merges: [{ id: 'merge', incidentIds }] },
        nextUrgencyChanges: async () => [],
        evaluateRulesets: async () => {},
        deliverWebhooks: async () => {},
        keepHouse: async () => {},
      };
      // The pumps send their activities to queues of their own.
      const pumps = await Promise.all(
        ['inbox', 'outbox', 'incidents'].map((taskQueue) =>
          Worker.create({ connection: temporal.native, taskQueue, activities }),
        ),
      );
      const running = pumps.map((worker) => worker.run());
      const runs = await temporal.withWorker({ activities }, () => story.play(temporal));
      for (const worker of pumps) worker.shutdown();
      await Promise.all(running);
      for (const [index, run] of runs.entries()) {
        const name = `${version}-${story.name}${runs.length > 1 ? `-${index + 1}` : ''}.json`;
        const text = `${JSON.stringify(JSON.parse(showHistory(run), withoutPaths), null, 1)}\n`;
        await writeFile(new URL(name, historiesFolder), text, { flag: 'wx' });
        const sum = createHash('sha256').update(text).digest('hex');
        await writeFile(checksumFile, `${sum}  ${name}\n`, { flag: 'a' });
      }
    });
});

/** In one story the read model has an acknowledge, right after the opening, that a lost task stored. */
function storedAhead(story: string, transitions: Transition[]): Ahead | null {
  const [first] = transitions;
  if (story !== 'incident-adopts-what-is-stored' || !first || first.sequence !== 1) return null;
  const { lifecycle, at } = first;
  return {
    lifecycle: { ...lifecycle, status: 'acknowledged', acknowledgedAt: at, sequence: 2 },
    commandIds: [first.id, 'lost'],
    lastOccurrenceAt: null,
    escalationPolicy: null,
  };
}

/** Stack traces name this machine's folders, and no replay looks at them. */
function withoutPaths(key: string, value: unknown): unknown {
  return key === 'stackTrace' ? '' : value;
}

/** Temporal's own tool writes the one JSON form that every SDK replays. */
function showHistory(run: Run): string {
  const workflow = ['--workflow-id', run.workflowId, ...(run.runId ? ['--run-id', run.runId] : [])];
  const address = ['--address', process.env.TEST_TEMPORAL_ADDRESS!];
  return execFileSync(process.env.TEMPORAL_BIN!, ['workflow', 'show', '--output', 'json', ...address, ...workflow], {
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024,
  });
}
