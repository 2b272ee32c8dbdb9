import { type FieldError, Refusal } from '../../domain/error-code.ts';
import type { Agent } from '../../domain/incident/log-entry.ts';
import { type ApiKey, viewerOf } from '../../stores/api-keys.ts';
import type { IncidentRead } from '../../stores/incident-reads.ts';
import type { IncidentCommand } from '../../temporal/incident-workflows.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import type { RouteContext } from '../route.ts';
import { agentOf } from './agent.ts';
import { carryOut } from './carry-out.ts';
import { incident, presentIncident } from './schema.ts';

/** A command as its route knows it: who sends it and under which id is the same for all. */
export type Wish = IncidentCommand extends infer Command
  ? Command extends unknown
    ? Omit<Command, 'id' | 'agent'>
    : never
  : never;

type Context = Pick<
  RouteContext<{ id: string }, unknown, { by: string | null }, ApiKey>,
  'params' | 'body' | 'key' | 'commandId'
>;

/** What the routes of all commands have in common. */
export const commandRoute = {
  method: 'POST',
  tag: 'Incidents',
  role: 'command',
  auth: 'key',
  permission: 'edit_incidents',
  params: pathId,
  responses: { 200: incident },
} as const;

export interface Sent {
  status: 200;
  body: ReturnType<typeof presentIncident>;
}

/**
 * Sends the command that `wishOf` makes of the incident as it is; null: it is so already. `faultsOf` names what else is
 * wrong with the request, and comes first.
 */
export type SendCommand = (
  context: Context,
  wishOf: (before: IncidentRead) => Wish | null | Promise<Wish | null>,
  faultsOf?: (before: IncidentRead) => Promise<FieldError[]>,
) => Promise<Sent>;

export function createSendCommand(deps: ApiDeps): SendCommand {
  const { stores } = deps;
  return async ({ key, params, body, commandId }, wishOf, faultsOf = async () => []) => {
    const before = await requireIncident(deps, key, params.id);
    const [agent, faults] = await Promise.all([agentOf(stores.members, key, body.by), faultsOf(before)]);
    const sender = requireAgent(agent, faults);
    const wish = await wishOf(before);
    if (wish === null) return { status: 200, body: presentIncident(before) };
    const command = { ...wish, id: commandId('command'), agent: sender } as IncidentCommand;
    return {
      status: 200,
      body: presentIncident(await carryOut(deps, key.organisationId, before, command, viewerOf(key))),
    };
  };
}

/** Throws `Refusal` `not_found` also for one that the key may not see. */
export async function requireIncident(
  { stores }: Pick<ApiDeps, 'stores'>,
  key: ApiKey,
  id: string,
): Promise<IncidentRead> {
  const found = await stores.incidentReads.get(key.organisationId, id, viewerOf(key));
  if (!found) throw notFound();
  return found;
}

/** Throws `Refusal` with all that is wrong: `faults`, and `field` when its member is unknown. */
export function requireAgent(agent: Agent | undefined, faults: FieldError[] = [], field = 'by'): Agent {
  const all = agent ? faults : [...faults, { field, message: 'is not a member of this organisation' }];
  if (!agent || all.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', all);
  return agent;
}
