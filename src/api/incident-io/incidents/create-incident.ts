import { itself } from '../../../domain/access/viewer.ts';
import { Refusal } from '../../../domain/error-code.ts';
import { coreStatusOf } from '../../../domain/incident/status-category.ts';
import { type ApiKey, viewerOf } from '../../../stores/api-keys.ts';
import { type IncidentIoRead, isRepeated, type Repeated } from '../../../stores/incident-io-incidents.ts';
import { uuidOf } from '../../../stores/uuid-of.ts';
import type { ApiDeps } from '../../deps.ts';
import { problems } from '../../errors.ts';
import type { RouteContext } from '../../route.ts';
import { agentOfKey } from '../../incidents/agent.ts';
import { carryOut } from '../../incidents/carry-out.ts';
import { createOpenIncident } from '../../incidents/open-incident.ts';
import { openingOf } from './new-incident.ts';
import type { GivenIncident } from './request-schema.ts';
import { settingsNamed } from './settings-named.ts';

type Context = Pick<RouteContext<unknown, unknown, unknown, ApiKey>, 'key' | 'ip' | 'headers'>;

/**
 * Creates an incident, or finds the one that has this `idempotency_key`, whatever else the request says of it: one key
 * is one incident for ever. Throws `Refusal` `invalid_fields`, and `already_exists` when the key may not see that one.
 */
export type CreateIncident = (context: Context, body: GivenIncident) => Promise<IncidentIoRead>;

export function createCreateIncident(deps: ApiDeps): CreateIncident {
  const { stores } = deps;
  const openAndStart = createOpenIncident(deps);

  return async (context, body) => {
    const { key } = context;
    const viewer = viewerOf(key);
    const repeated = await stores.incidentIoReads.repeated(key.organisationId, body.idempotency_key, viewer);
    const { id } = repeated ? shown(key, repeated) : await create(context, body);
    await takeFirstStatus(key, id);
    return requireRead(key.organisationId, id);
  };

  async function create({ key, ip, headers }: Context, body: GivenIncident): Promise<{ id: string }> {
    const { organisationId } = key;
    const [{ named, faults }, organisation, defaultType, closed, severities] = await Promise.all([
      settingsNamed(deps, organisationId, body, { place: '', isNew: true }),
      stores.organisations.get(organisationId),
      stores.incidentTypes.defaultOf(organisationId),
      stores.incidentStatuses.defaultOf(organisationId, 'closed'),
      stores.severities.list(organisationId),
    ]);
    if (faults.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', faults);
    const teamId = key.teamId ?? organisation.defaultTeamId;
    const ranks = severities.map(({ rank }) => rank);
    const opening = openingOf({ key, body, named, teamId, defaultType, closed, ranks });
    try {
      const reporter = { apiKey: { id: key.id, name: key.name }, ip, headers };
      return await openAndStart(organisationId, { ...opening, reporter });
    } catch (error) {
      if (!isRepeated(error)) throw error;
      // Another request was faster.
      const first = await stores.incidentIoReads.repeated(organisationId, body.idempotency_key, viewerOf(key));
      if (!first) throw error;
      return shown(key, first);
    }
  }

  /**
   * Every incident opens in triage; the status that it was created with says where it goes from there. A repeat makes up
   * for a first try that was cut off in between.
   */
  async function takeFirstStatus(key: ApiKey, id: string): Promise<void> {
    const { organisationId } = key;
    const [row, columns] = await Promise.all([
      stores.incidentReads.get(organisationId, id, itself),
      stores.incidentIoReads.columns(organisationId, id),
    ]);
    if (!row || !columns?.statusId || !columns.isUntouched) return;
    const given = await stores.incidentStatuses.get(organisationId, columns.statusId);
    const wanted = given ? coreStatusOf(given.category) : row.status;
    if (wanted === row.status || wanted === 'triggered') return;
    const common = { id: uuidOf(`first status:${id}`), agent: agentOfKey(key) };
    const command =
      wanted === 'acknowledged'
        ? ({ ...common, type: 'acknowledge' } as const)
        : ({ ...common, type: 'resolve', resolution: null, rootCause: null } as const);
    await carryOut(deps, organisationId, row, command, itself).catch((error: unknown) => {
      // Somebody did something else with it meanwhile, and that counts.
      if (!(error instanceof Refusal) || problems[error.code].status !== 409) throw error;
    });
  }

  async function requireRead(organisationId: string, id: string): Promise<IncidentIoRead> {
    const found = await stores.incidentIoReads.get(organisationId, { id }, itself);
    if (!found) throw new Error(`Incident ${id} was stored and cannot be read`);
    return found;
  }
}

/**
 * A key that may not see private incidents is shown the one that it opened itself until something happens to it: repeats
 * of a request that was not answered are, and nobody learns what others wrote.
 */
function shown({ id: keyId }: ApiKey, { id, apiKeyId, isUntouched, isVisible }: Repeated): { id: string } {
  if (isVisible || (apiKeyId === keyId && isUntouched)) return { id };
  const message = 'belongs to an incident that this API key may not see';
  throw new Refusal('already_exists', `The idempotency_key ${message}.`, [{ field: 'idempotency_key', message }]);
}
