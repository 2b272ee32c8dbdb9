import { isCancellation, patched, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type {
  ActionActivities,
  MergeActivities,
  PagingActivities,
  SupportHoursActivities,
} from '../../activities/incident-activities.ts';
import { type Action, type Agent, isCarriedOut } from '../../domain/incident/log-entry.ts';
import { armNextUrgency } from '../../domain/incident/open-incident.ts';
import { taskQueues } from '../../temporal/names.ts';
import type { IncidentRun, Unstored } from './incident-run.ts';
import { type Asking, pageOf } from './page.ts';
import { patient } from './patient.ts';

/** What recording brings about outside. */
export interface Effects {
  /** Goes on beside the workflow, which ends after it. */
  begin(effect: Promise<void>): void;
  areUnderWay(): boolean;
  /** Of what was stored; without `asks` people are asked elsewhere. */
  beginAll(stored: Unstored[], asks?: boolean): void;
  beginPage(asking: Asking): void;
}

/** With no more changes of urgency than these in store, the next ones are asked for. */
const fewChanges = 5;

type PageOf = NonNullable<ReturnType<typeof pageOf>>;

/** Effects run on a queue of their own: an endpoint that hangs must not hold up an acknowledge. */
export function proxyEffects() {
  const { taskQueue: own } = workflowInfo();
  const taskQueue = own === taskQueues.incidents ? taskQueues.actions : own;
  const { runAction } = proxyActivities<ActionActivities>({
    taskQueue,
    startToCloseTimeout: '30s',
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumAttempts: 5 },
  });
  const short = { taskQueue, startToCloseTimeout: '10s', retry: patient } as const;
  const long = { taskQueue, startToCloseTimeout: '30s', retry: patient } as const;
  const { giveUpAction } = proxyActivities<ActionActivities>(short);
  const { nextUrgencyChanges } = proxyActivities<SupportHoursActivities>(short);
  const { page } = proxyActivities<PagingActivities>(long);
  const { mergeIncidents } = proxyActivities<MergeActivities>(long);
  return { runAction, giveUpAction, page, mergeIncidents, nextUrgencyChanges };
}

export function createEffects(run: IncidentRun): Effects {
  const { runAction, giveUpAction, page, nextUrgencyChanges } = proxyEffects();
  let underWay = 0;
  /** The transition that asked a level of the policy last. */
  let levelAskedAt = 0;

  /** Its run is recorded; what comes of it, the activity stores. */
  async function carryOut(action: Action): Promise<void> {
    const { organisationId, incidentId } = run.state;
    const given = { organisationId, incidentId, actionId: action.id };
    await runAction(given).catch((error: unknown) => giveUpAction({ ...given, message: messageOf(error) }));
  }

  /** Asks people; a level that finds nobody on call hands over to the next one at once. */
  async function pagePeople({ sequence, at, lifecycle: asked }: Asking, wanted: PageOf): Promise<void> {
    const { organisationId, incidentId } = run.state;
    if (wanted.kind === 'level') levelAskedAt = sequence;
    const { members } = await page({ organisationId, incidentId, sequence, at, ...wanted });
    const { status, escalation = null } = run.state.lifecycle;
    const { level, cycle } = asked.escalation ?? {};
    if (wanted.kind !== 'level' || members > 0 || status !== 'triggered') return;
    if (!escalation || escalation.exhausted || escalation.level !== level || escalation.cycle !== cycle) return;
    // Another policy may have been asked at its level of the same number meanwhile.
    const isOvertaken = run.unstored.some(({ transition: later }) => pageOf(later)?.kind === 'level');
    if (isOvertaken || levelAskedAt !== sequence) return;
    const agent: Agent = { type: 'timer', id: null, name: 'nobody on call' };
    const id = `nobody:${sequence}`;
    run.hear('escalate', { id, agent, channel: 'timer', type: 'escalate', because: 'nobody_on_call' });
  }

  /** Support hours go on for ever, and only a part of them is known here. */
  async function lookAhead(after: string): Promise<void> {
    const { organisationId, incidentId, urgencyChanges } = run.state;
    if (urgencyChanges === undefined) return;
    const left = urgencyChanges.filter(({ at }) => Date.parse(at) > Date.parse(after));
    if (left.length > fewChanges) return;
    // Early runs asked for no more once they knew of none.
    if (left.length === 0 && !patched('looks-on-from-nothing')) return;
    const more = await nextUrgencyChanges({ organisationId, incidentId, after: left.at(-1)?.at ?? after });
    run.state = { ...run.state, urgencyChanges: [...left, ...more] };
    // One that was open or over for long has known of none to wait for.
    const { state } = run;
    if (left.length > 0 || state.lifecycle.status === 'resolved') return;
    if (state.lifecycle.pendingActions.some(({ type }) => type === 'urgency_change')) return;
    run.state = { ...state, lifecycle: armNextUrgency(state.lifecycle, state, after) };
    run.followTimers();
  }

  const effects: Effects = {
    begin(effect) {
      underWay += 1;
      void effect.catch(ignoreCancellation).finally(() => (underWay -= 1));
    },

    areUnderWay: () => underWay > 0,

    beginAll(stored, asks = true) {
      for (const { command, transition: recorded } of stored) {
        if (command.type === 'action' && isCarriedOut(command.action)) effects.begin(carryOut(command.action));
        if (asks) effects.beginPage(recorded);
        if (command.type === 'change_urgency') effects.begin(lookAhead(command.dueAt));
        if (command.type === 'reopen') effects.begin(lookAhead(recorded.at));
      }
    },

    beginPage(asking) {
      const wanted = pageOf(asking);
      // Incidents that began before people could be asked replay without it.
      if (wanted && patched('asks-people')) effects.begin(pagePeople(asking, wanted));
    },
  };
  return effects;
}

/** An operator cancelled the whole incident: there is nobody left to tell. */
function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

/** Of an activity's failure: what the activity threw, as far as it may be stored. */
function messageOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
}
