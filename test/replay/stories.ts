import { v7 as uuid } from 'uuid';
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import type {
  ActionActivities,
  MergeActivities,
  PagingActivities,
  SupportHoursActivities,
  PumpActivities,
  HousekeepingActivities,
  IncidentActivities,
} from '../../src/activities/incident-activities.ts';
import type { PolicySnapshot } from '../../src/domain/escalation/policy.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Action } from '../../src/domain/incident/log-entry.ts';
import { incidentWorkflowId } from '../../src/temporal/names.ts';
import { searchAttributesOf } from '../../src/temporal/search-attribute-keys.ts';
import { TypedSearchAttributes } from '@temporalio/common';
import { newIncidentState } from '../support/incident.ts';
import { poll } from '../support/poll.ts';
import type { TestTemporal } from '../support/temporal.ts';

export type Activities = IncidentActivities &
  ActionActivities &
  MergeActivities &
  PagingActivities &
  SupportHoursActivities &
  PumpActivities &
  HousekeepingActivities;

export interface Run {
  workflowId: string;
  /** Absent: the newest run. */
  runId?: string;
}

/** A behaviour of a workflow, played on the dev server so that its history can be kept. */
export interface Story {
  name: string;
  /** Plays it and answers every run to keep, oldest first. */
  play(temporal: TestTemporal): Promise<Run[]>;
}

const agent = { type: 'key', id: null, name: 'Story' } as const;
const given = { agent };

/** The member, and the incident to merge, whom the capturing worker does not find. */
export const nobody = '99999999-0000-7000-8000-000000000000';

/** How the ids of actions begin that the capturing worker lets succeed, fail once, or fail for good. */
export const succeeding = '00000000';
export const failingOnce = '11111111';
export const failing = '22222222';

/** Its first level finds nobody. */
const policy: PolicySnapshot = {
  id: '33333333-0000-7000-8000-000000000000',
  version: 1,
  name: 'Story',
  levels: [nobody, '44444444-0000-7000-8000-000000000000', '55555555-0000-7000-8000-000000000000'].map((id) => {
    return { delay: 1, targets: [{ type: 'member', id }], assign: 'everyone' };
  }),
  repeat: 1,
  repeatFromLevel: 3,
  turn: 0,
};

export const stories: Story[] = [
  {
    name: 'incident-acknowledged-and-resolved',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        await handle.executeUpdate('acknowledge', { args: [given] });
        await handle.executeUpdate('acknowledge', { args: [given] }).catch(() => undefined);
        await handle.executeUpdate('resolve', {
          args: [{ ...given, resolution: 'restarted', rootCause: 'full disk' }],
        });
      }),
  },
  {
    name: 'incident-timers',
    play: (temporal) =>
      playIncident(temporal, { acknowledgementTimeout: 1, autoResolveTimeout: 3 }, async (handle) => {
        await handle.executeUpdate('acknowledge', { args: [given] });
      }),
  },
  {
    name: 'incident-without-timers',
    play: (temporal) =>
      playIncident(temporal, { acknowledgementTimeout: null, autoResolveTimeout: null }, async (handle) => {
        await handle.executeUpdate('acknowledge', { args: [given] });
        await handle.signal('joined', { count: 5, lastAt: new Date().toISOString() });
        await handle.executeUpdate('escalate', { args: [given] });
        await handle.executeUpdate('acknowledge', { args: [given] });
        await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      }),
  },
  {
    name: 'incident-by-signals',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        await handle.signal('acknowledge', { by: 'Ann', id: 'one' });
        await handle.signal('acknowledge', { by: 'Ann', id: 'one' });
        await handle.signal('acknowledge', 'malformed');
        await handle.signal('escalate');
        await handle.signal('action', { type: 'trigger-alerts' });
        await handle.signal('resolve', { root_cause: 'full disk' });
      }),
  },
  {
    name: 'incident-names-signals-by-place',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        for (const content of ['Looks like the cache.', 'It was.']) await handle.signal('note', { content });
        await handle.signal('acknowledge', { by: 'Ann' });
        await handle.signal('resolve');
      }),
  },
  {
    name: 'incident-hears-early-signals-in-order',
    async play(temporal) {
      // The first task has to find several: sent at once with the start, and again until it did.
      for (;;) {
        const state = newIncidentState({ createdAt: new Date().toISOString() });
        const workflowId = incidentWorkflowId(state.incidentId);
        const send = (signal: string, fields: object) =>
          temporal.client.workflow.signalWithStart('incident', {
            ...{
              workflowId,
              taskQueue: temporal.taskQueue,
              args: [{ state }],
              workflowIdConflictPolicy: 'USE_EXISTING',
            },
            ...{ signal, signalArgs: [{ id: signal, by: 'Ann', ...fields }] },
          });
        const [handle] = await Promise.all([
          send('snooze', { duration: 600 }),
          send('unacknowledge', {}),
          send('note', { content: 'On it.' }),
          send('priority', { priority: 'P1' }),
        ]);
        await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
        await handle.result();
        const { events } = await handle.fetchHistory();
        // Nothing else in it is patched.
        if (events?.some((event) => event.markerRecordedEventAttributes?.markerName === 'core_patch'))
          return [{ workflowId }];
      }
    },
  },
  {
    name: 'incident-actions',
    play: (temporal) => {
      const action = () =>
        ({ id: uuid(), type: 'trigger-alerts', trigger: 'automated', subscriptionId: null }) as const;
      return playIncident(temporal, { openingActions: [action(), action()] }, async (handle) => {
        await handle.executeUpdate('action', { args: [{ ...given, action: { ...action(), trigger: 'manual' } }] });
        await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      });
    },
  },
  {
    name: 'incident-changed',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        const change = (changes: object | null, actions: object[], status: string | null) =>
          handle.executeUpdate('change', { args: [{ ...given, changes, actions, status }] });
        const action = { id: uuid(), type: 'trigger-alerts', trigger: 'manual', subscriptionId: null };
        await change({ name: 'Checkout slow', urgency: 'low' }, [action], 'acknowledge');
        await change(null, [action], null);
        await change({ name: 'Not this' }, [], 'acknowledge').catch(() => undefined);
        await handle.executeUpdate('unacknowledge', { args: [given] });
        await change({ rootCause: 'full disk' }, [], 'resolve');
      }),
  },
  {
    name: 'incident-cleared',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        await handle.signal('cleared', 'malformed');
        await handle.signal('cleared', { eventId: uuid(), ruleset: { id: uuid(), name: 'Disk full' } });
      }),
  },
  {
    name: 'incident-led-by-its-sender',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        const webhook = { id: uuid(), name: 'Checkout probe' };
        const seen = { eventId: uuid(), webhook };
        await handle.signal('acknowledged', 'malformed');
        for (const given of [seen, seen, { eventId: uuid(), webhook }]) await handle.signal('acknowledged', given);
        await handle.signal('cleared', { eventId: uuid(), webhook });
      }),
  },
  {
    name: 'incident-quiet',
    play: (temporal) =>
      playIncident(temporal, { quietResolveTimeout: 2 }, async (handle) => {
        await handle.signal('joined', { count: 2, lastAt: new Date(Date.now() + 500).toISOString() });
      }),
  },
  {
    name: 'incident-carries-actions-out',
    play: (temporal) => {
      const action = (fate: string): Action => {
        return {
          id: `${fate}-0000-7000-8000-000000000000`,
          type: 'trigger-webhook',
          trigger: 'automated',
          subscriptionId: null,
          definitionId: uuid(),
        };
      };
      return playIncident(
        temporal,
        { openingActions: [succeeding, failingOnce, failing].map(action) },
        async (handle) => {
          const again = { ...action(succeeding), id: uuid(), trigger: 'manual' };
          await handle.executeUpdate('action', { args: [{ ...given, action: again }] });
          await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
        },
      );
    },
  },
  {
    name: 'incident-adopts-what-is-stored',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      }),
  },
  {
    name: 'incident-escalates',
    play: (temporal) =>
      playIncident(temporal, { escalationPolicy: policy }, async (handle) => {
        // The first level finds nobody, the second one is asked in vain, the third one answers.
        await poll(async () => ((await handle.query('state')) as IncidentState).lifecycle.escalation?.level === 3);
        await handle.executeUpdate('escalate', { args: [{ ...given, level: 3 }] });
        await handle.executeUpdate('acknowledge', { args: [given] });
        await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      }),
  },
  {
    name: 'incident-exhausts-its-policy',
    play: (temporal) =>
      playIncident(
        temporal,
        {
          escalationPolicy: { ...policy, levels: policy.levels.slice(1, 2), repeatFromLevel: 1 },
          autoResolveTimeout: 4,
        },
        async () => {},
      ),
  },
  {
    name: 'incident-worked-on-by-people',
    play: (temporal) =>
      playIncident(temporal, { escalationPolicy: policy }, async (handle) => {
        const [memberId, other] = [uuid(), uuid()];
        const say = (name: string, fields: object) => handle.executeUpdate(name, { args: [{ ...given, ...fields }] });
        await say('snooze', { duration: 600 });
        await say('reassign', { assignees: [{ type: 'member', id: memberId }] });
        await say('delegate', { policy: { ...policy, id: uuid() } });
        await say('note', { content: 'Looks like the cache.' });
        await say('priority', { priority: 'P1' });
        await say('responder', { member_ids: [other], message: 'Can you look?' });
        await say('responder_reply', { member_id: other, reply: 'accepted' });
        await say('status_update', { message: 'We are on it.' });
        await say('conference_bridge', { url: 'https://meet.example.com/1' });
        await say('pending_action', { type: 'resolve', at: new Date(Date.now() + 60_000).toISOString() });
        await say('merge', { incident_ids: [uuid()] });
        await say('snooze', { duration: 'long' }).catch(() => undefined);
        await handle.signal('change', { urgency: 'low' });
        await handle.signal('note', { content: 'From the Temporal UI.' });
        await say('merged', { incident_id: uuid() });
      }),
  },
  {
    name: 'incident-merges-by-signal',
    play: (temporal) =>
      playIncident(temporal, {}, async (handle) => {
        const details = async () =>
          (await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')).currentDetails ?? '';
        const other = uuid();
        await handle.signal('merge', { incident_ids: [nobody] });
        await poll(async () => (await details()).includes('refused'));
        await handle.signal('merge', { incident_ids: 'malformed' });
        for (let time = 0; time < 2; time++) await handle.signal('merge', { incident_ids: [other], by: 'Ann' });
        await poll(async () => ((await handle.query('state')) as IncidentState).lifecycle.sequence === 2);
        await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      }),
  },
  {
    name: 'incident-follows-support-hours',
    play: (temporal) => {
      const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
      const urgencyChanges = [
        { at: at(1), to: 'low' as const },
        { at: at(2), to: 'high' as const },
      ];
      return playIncident(temporal, { urgencyChanges, autoResolveTimeout: 3 }, async () => {});
    },
  },
  {
    name: 'incident-reopened',
    play: async (temporal) => {
      const [ended] = await playIncident(temporal, { escalationPolicy: policy }, async (handle) => {
        await handle.executeUpdate('acknowledge', { args: [given] });
        await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      });
      const { workflowId } = ended!;
      const handle = temporal.client.workflow.getHandle(workflowId);
      const state = (await handle.query('state')) as IncidentState;
      const { runId } = await handle.describe();
      const startWorkflowOperation = new WithStartWorkflowOperation('incident', {
        workflowId,
        taskQueue: temporal.taskQueue,
        args: [{ state, resumed: { commandIds: [], occurrences: 1 } }],
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      await temporal.client.workflow.executeUpdateWithStart('reopen', { startWorkflowOperation, args: [given] });
      await handle.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      await handle.result();
      return [{ workflowId, runId }, { workflowId }];
    },
  },
  {
    name: 'incident-continued',
    play: async (temporal) => {
      const state = newIncidentState({ createdAt: new Date().toISOString() });
      const workflowId = incidentWorkflowId(state.incidentId);
      const first = await temporal.client.workflow.start('incident', {
        workflowId,
        taskQueue: temporal.taskQueue,
        args: [{ state, continueAfter: 25 }],
      });
      const current = temporal.client.workflow.getHandle(workflowId);
      for (let round = 0; round < 6; round++) await current.executeUpdate('escalate', { args: [given] });
      const { runId } = await current.describe();
      await current.executeUpdate('acknowledge', { args: [given] });
      await current.executeUpdate('resolve', { args: [{ ...given, resolution: null, rootCause: null }] });
      return [
        { workflowId, runId: first.firstExecutionRunId },
        { workflowId, runId },
      ];
    },
  },
  ...(['inbox', 'outbox', 'housekeeping'] as const).map((pump) => ({
    name: pump,
    async play(temporal: TestTemporal) {
      const handle = await temporal.client.workflow.start(pump, {
        workflowId: `${pump}-story-${temporal.taskQueue}`,
        taskQueue: temporal.taskQueue,
        args: pump === 'housekeeping' ? [] : [3],
      });
      const rounds = async () =>
        (await handle.fetchHistory()).events?.filter((event) => event.activityTaskCompletedEventAttributes).length ?? 0;
      await poll(async () => (await rounds()) >= 3);
      await handle.terminate('told');
      return [handle];
    },
  })),
];

async function playIncident(
  temporal: TestTemporal,
  overrides: Partial<IncidentState>,
  act: (handle: WorkflowHandle) => Promise<unknown>,
): Promise<Run[]> {
  const state = newIncidentState({ createdAt: new Date().toISOString(), ...overrides });
  const handle = await temporal.client.workflow.start('incident', {
    workflowId: incidentWorkflowId(state.incidentId),
    taskQueue: temporal.taskQueue,
    args: [{ state }],
    typedSearchAttributes: new TypedSearchAttributes(searchAttributesOf(state)),
    staticSummary: 'INC-1',
  });
  await act(handle);
  await handle.result();
  return [handle];
}
