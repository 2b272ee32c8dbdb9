import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
import { quietRuntime } from '../support/temporal.ts';
import { historiesFolder, historyNames, readChecksums, readHistory } from './histories.ts';
import { stories } from './stories.ts';

describe('replay of every committed history', () => {
  before(quietRuntime);

  async function replay(history: unknown): Promise<void> {
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);
  }

  it('there is one for each story', async () => {
    const names = await historyNames();
    for (const story of stories)
      assert(
        names.some((name) => name.replace(/^[^-]+-/, '').startsWith(story.name)),
        `no history of ${story.name}: see CONTRIBUTING.md`,
      );
  });

  it('each replays on the code of today', async () => {
    for (const name of await historyNames())
      await replay(JSON.parse(await readHistory(name))).catch((error) =>
        assert.fail(`${name} no longer replays; guard the change with patched() (CONTRIBUTING.md): ${error.message}`),
      );
  });

  it('none was changed since it was added', async () => {
    const checksums = await readChecksums();
    const names = await historyNames();
    assert.deepEqual([...checksums.keys()].sort(), names, 'SHA256SUMS names exactly the histories that are there');
    for (const name of names)
      assert.equal(
        createHash('sha256')
          .update(await readHistory(name))
          .digest('hex'),
        checksums.get(name),
        name,
      );
  });

  it('no commit ever changed or removed one', () => {
    const folder = fileURLToPath(historiesFolder);
    const log = execFileSync('git', ['log', '--format=', '--name-status', '--no-renames', '--', '*.json'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.deepEqual(
      log.split('\n').filter((line) => /^[MD]\t/.test(line)),
      [],
    );
  });

  it('an altered one fails', async () => {
    const name = (await historyNames()).find((candidate) => candidate.includes('incident-timers'))!;
    const history = JSON.parse(await readHistory(name));
    const timer = history.events.find(
      (event: { timerStartedEventAttributes?: object }) => event.timerStartedEventAttributes,
    );
    delete timer.timerStartedEventAttributes;
    timer.eventType = 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED';
    timer.activityTaskScheduledEventAttributes = { activityId: '1', activityType: { name: 'unheardOf' } };
    await assert.rejects(replay(history), DeterminismViolationError);
  });
});
