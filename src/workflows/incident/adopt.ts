import type { Ahead } from '../../activities/incident-activities.ts';
import { transition } from '../../domain/incident/transition.ts';
import type { Effects } from './effects.ts';
import { type IncidentRun, now, type Unstored } from './incident-run.ts';

/**
 * The read model is ahead: a task that stored something was lost, or an operator reset the workflow. What is stored
 * has been told to the world, so it stands; what came since is asked anew.
 */
export function adopt(run: IncidentRun, effects: Effects, stored: Ahead): void {
  const { lifecycle, commandIds: storedIds, lastOccurrenceAt, ...ahead } = stored;
  const again = run.unstored.splice(0);
  const escalationPolicy = ahead.escalationPolicy ?? run.state.escalationPolicy;
  run.state = { ...run.state, lifecycle, ...(escalationPolicy === undefined ? {} : { escalationPolicy }) };
  run.hearOfOccurrence(lastOccurrenceAt);
  // Asked as it was stored, which may be at another place than here; a repeat asks nobody twice.
  for (const { assignees, ...asking } of ahead.asked ?? [])
    effects.beginPage({ ...asking, lifecycle: { ...lifecycle, assignees } });
  effects.beginAll(
    again.filter(({ command }) => storedIds.includes(command.id)),
    ahead.asked === undefined,
  );
  for (const id of storedIds) run.remember(id);
  run.followTimers();
  run.playDue();
  for (const entry of again) {
    const { command, cause } = entry;
    if (storedIds.includes(command.id)) continue;
    // Timers are played from the state.
    if (command.channel === 'timer' && !isStillNobody(run, entry)) continue;
    if (ahead.refused?.commandId === command.id) {
      run.overtaken.set(command.id, ahead.refused.code);
      continue;
    }
    const result = transition(run.state, command, now());
    if (result.accepted) run.apply(command, cause);
    else run.overtaken.set(command.id, result.code);
  }
}

/** A level that found nobody is still the one that was asked last: what handed it over was not stored. */
function isStillNobody({ state }: IncidentRun, { command, transition: lost }: Unstored): boolean {
  if (command.type !== 'escalate' || command.because !== 'nobody_on_call') return false;
  const { status, escalation } = state.lifecycle;
  if (status !== 'triggered' || !escalation || escalation.exhausted) return false;
  const result = transition(state, command, now());
  if (!result.accepted || result.transition.type !== lost.type) return false;
  const { level, cycle } = result.transition.details;
  return level === lost.details.level && cycle === lost.details.cycle;
}
