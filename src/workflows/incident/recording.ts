import { patched, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Ahead, IncidentActivities } from '../../activities/incident-activities.ts';
import type { IncidentState } from '../../domain/incident/incident.ts';
import type { Unstored } from './incident-run.ts';
import { patient } from './patient.ts';

/** Bounds the arguments of one activity, in transitions and in characters; a longer queue is stored in several. */
const recordedAtOnce = 50;
const mostCharacters = 300_000;
/**
 * More signals at once than these are a flood. Local activities would keep its workflow task open, and the server fails
 * a task during which a hundred events have come in.
 */
const fewSignals = 10;

/**
 * For what the history holds before it is acted on (the opening, timers, signals): one workflow task holds the change
 * and its storing, where a normal activity would take two. A task that is lost after the storing is done again, since
 * its cause is in the history; what it stored is then adopted.
 */
const local = proxyLocalActivities<IncidentActivities>({
  startToCloseTimeout: '10s',
  retry: patient,
  localRetryThreshold: '15s',
});

/**
 * For updates: until the task that accepts one is complete, nothing in the history says that it ever came, so nothing
 * may be stored before. A lost task would leave a row that says acknowledged, and no timer behind it.
 */
const durable = proxyActivities<IncidentActivities>({ startToCloseTimeout: '10s', retry: patient });

/** Stores them; answers what the read model holds when it is ahead. */
export function record({ organisationId, incidentId }: IncidentState, batch: Unstored[]): Promise<Ahead | null> {
  const { recordTransitions } = isForDurable(batch) ? durable : local;
  const transitions = batch.map((waiting) => waiting.transition);
  // The activity's own promise: one more tick would put what comes of it behind what else was answered in this task.
  return recordTransitions({ organisationId, incidentId, transitions });
}

/** As many of them as are stored at once. */
export function firstBatch(unstored: Unstored[]): Unstored[] {
  const batch = unstored.slice(0, recordedAtOnce);
  let characters = 0;
  const fitting = batch.findIndex((waiting) => {
    characters += JSON.stringify(waiting.transition).length;
    return characters > mostCharacters;
  });
  return fitting < 1 || !patched('bounds-what-it-stores') ? batch : batch.slice(0, fitting);
}

function isForDurable(batch: Unstored[]): boolean {
  if (batch.some(({ cause }) => cause === 'update')) return true;
  return batch.length > fewSignals && patched('stores-floods-durably');
}
