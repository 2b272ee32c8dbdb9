import type { Viewer } from '../../domain/access/viewer.ts';
import { Refusal } from '../../domain/error-code.ts';
import { storeCommandContent } from '../../stores/command-contents.ts';
import type { IncidentRead } from '../../stores/incident-reads.ts';
import { type IncidentCommand, mayFollowResolve } from '../../temporal/incident-workflows.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound, problems } from '../errors.ts';
import { conceal } from './conceal.ts';

/**
 * Has the incident's workflow carry a command out, and answers the incident as the viewer sees it then. The workflow of
 * a private incident hears of no texts: those wait beside it for what it stores.
 */
export async function carryOut(
  { stores: { incidentReads: reads }, workflows, sql }: Pick<ApiDeps, 'stores' | 'workflows' | 'sql'>,
  organisationId: string,
  before: IncidentRead,
  wanted: IncidentCommand,
  viewer: Viewer,
): Promise<IncidentRead> {
  const isPrivate = before.visibility === 'private';
  const { command, contents } = isPrivate ? conceal(wanted) : { command: wanted, contents: [] };
  try {
    if (before.status === 'resolved' && !mayFollowResolve(command))
      throw new Refusal('incident_resolved', 'The incident is resolved already.');
    for (const { commandId, content } of contents)
      await storeCommandContent(sql, organisationId, before.id, commandId, content);
    await workflows.command(organisationId, before.id, command);
  } catch (error) {
    // A repeat whose first try was carried out, but never confirmed, meets the state that it made itself.
    const isConflict = error instanceof Refusal && problems[error.code].status === 409;
    if (!isConflict || !(await reads.isRecorded(organisationId, before.id, recordedAs(command)))) throw error;
  }
  const after = await reads.get(organisationId, before.id, viewer);
  if (!after) throw notFound();
  return after;
}

/** The id of a transition that says the command was carried out: its own, or in want of one its first run's. */
function recordedAs(command: IncidentCommand): string {
  if (command.type !== 'change') return command.id;
  const { changes, priority = null, status, actions } = command;
  if (changes !== null || priority !== null || status !== null) return command.id;
  const [first] = actions;
  return first ? `action:${first.id}` : command.id;
}
