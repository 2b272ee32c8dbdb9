import type { Json } from '../support/api.ts';
import type { Scene } from './scene.ts';
import type { Subscribers } from './subscribers.ts';

/** The same facts of one incident, as our API shows them and as each dialect's receiver has kept them. */
export interface Views {
  api: Record<string, unknown>;
  receiver: Record<string, unknown>;
}

const sorted = (ids: string[]) => [...ids].sort();
const toSeconds = (at: string | null) => at && `${at.slice(0, 19)}Z`;
const urgencyOf = ({ urgency }: Json) => (urgency === 'low' ? 'low' : 'high');
const timersOf = (incident: Json) => incident.pending_actions.map(({ type, at }: Json) => [type, toSeconds(at)]);

/** By dialect; a team that is assigned stands for its members. Undefined while its receiver knows nothing of the incident. */
export function viewsOf(
  { endpoints }: Subscribers,
  incident: Json,
  { teamId, memberIds }: Pick<Scene, 'teamId' | 'memberIds'>,
): Record<string, Views | undefined> {
  const members = incident.assignees.flatMap(({ id }: Json) => (id === teamId ? memberIds : [id]));
  const v3 = endpoints['pagerduty.v3'].incidents.get(incident.id);
  const v2 = endpoints['pagerduty.v2'].incidents.get(incident.id);
  const v1 = endpoints['pagerduty.v1'].incidents.get(incident.id);
  const io = endpoints['incident.io.v2'].incidents.get(ulidOf(incident.id));
  const pulse = endpoints.pulseapi.incidents.get(incident.number);
  const standard = endpoints.standard.incidents.get(incident.id);
  const common = {
    number: incident.number,
    title: incident.name,
    status: incident.status,
    urgency: urgencyOf(incident),
  };
  const policy = incident.escalation?.policy_id;
  return {
    'pagerduty.v3': v3 && {
      api: {
        ...common,
        key: incident.incident_key,
        at: toSeconds(incident.created_at),
        service: incident.ruleset_id ?? incident.webhook_id ?? incident.team_id,
        teams: [incident.team_id],
        assignees: sorted(members),
        policy,
        priority: incident.priority ?? undefined,
        bridge: incident.conference_bridge && [incident.conference_bridge.number, incident.conference_bridge.url],
        mergedInto: incident.merged_into ?? undefined,
      },
      receiver: {
        ...{ number: v3.number, title: v3.title, status: v3.status, urgency: v3.urgency },
        key: v3.incident_key,
        at: v3.created_at,
        service: v3.service.id,
        teams: v3.teams.map(({ id }) => id),
        assignees: sorted(v3.assignees.map(({ id }) => id)),
        policy: policy && v3.escalation_policy.id,
        priority: v3.priority?.summary,
        bridge: v3.conference_bridge && [v3.conference_bridge.conference_number, v3.conference_bridge.conference_url],
        mergedInto: v3.resolve_reason?.incident.id,
      },
    },
    'pagerduty.v2': v2 && {
      api: {
        ...common,
        key: incident.incident_key,
        at: toSeconds(incident.created_at),
        service: incident.ruleset_id ?? incident.webhook_id ?? incident.team_id,
        teams: [incident.team_id],
        assignees: sorted(members),
        policy,
        timers: timersOf(incident),
        reason: incident.resolve_reason,
      },
      receiver: {
        ...{ number: v2.incident_number, title: v2.title, status: v2.status, urgency: v2.urgency },
        key: v2.incident_key,
        at: v2.created_at,
        service: v2.service.id,
        teams: v2.teams.map(({ id }) => id),
        assignees: sorted(v2.assignments.map(({ assignee }) => assignee.id)),
        policy: policy && v2.escalation_policy.id,
        timers: v2.pending_actions.map(({ type, at }) => [type, at]),
        reason: v2.resolve_reason ?? null,
      },
    },
    'pagerduty.v1': v1 && {
      api: {
        ...common,
        key: incident.incident_key,
        at: toSeconds(incident.created_at),
        service: incident.ruleset_id ?? incident.webhook_id ?? incident.team_id,
        assignees: incident.status === 'resolved' ? [] : sorted(members),
        policy,
        timers: timersOf(incident).map(([type, at]: [string, string]) => [type, Date.parse(at)]),
      },
      receiver: {
        ...{
          number: v1.incident_number,
          title: v1.trigger_summary_data.subject,
          status: v1.status,
          urgency: v1.urgency,
        },
        key: v1.incident_key,
        at: v1.created_on,
        service: v1.service.id,
        assignees: sorted(v1.assigned_to.map(({ object }) => object.id)),
        policy: policy && v1.escalation_policy.id,
        timers: v1.pending_actions.map(({ type, at }) => [type, Date.parse(at)]),
      },
    },
    'incident.io.v2': io && {
      api: {
        name: incident.name,
        reference: incident.reference,
        summary: incident.description || undefined,
        severity: incident.severity ?? undefined,
        at: incident.created_at.slice(0, 23),
        category: ioCategories[incident.merged_into ? 'merged' : (incident.status as keyof typeof ioCategories)],
      },
      receiver: {
        ...{ name: io.name, reference: io.reference, summary: io.summary, severity: io.severity?.name },
        at: io.created_at.slice(0, 23),
        category: io.incident_status.category,
      },
    },
    pulseapi: pulse && {
      api: {
        title: incident.name,
        status: incident.status === 'triggered' ? 'open' : incident.status,
        started: toSeconds(incident.created_at),
        acknowledged: toSeconds(incident.acknowledged_at),
        resolved: toSeconds(incident.resolved_at),
        root_cause: incident.root_cause,
      },
      receiver: {
        ...{ title: pulse.title, status: pulse.status, started: pulse.started_at, acknowledged: pulse.acknowledged_at },
        resolved: pulse.resolved_at,
        root_cause: pulse.root_cause,
      },
    },
    standard: standard && {
      api: { ...incident, responders: incident.responders.map(({ member_id, state }: Json) => [member_id, state]) },
      receiver: {
        // Whatever the API shows and this dialect does not say is the API's own.
        ...incident,
        ...Object.fromEntries(Object.entries(standard).filter(([key]) => key in incident)),
        responders: standard.responders.map(({ member_id, state }) => [member_id, state]),
        merged_into: standard.merged_into && standard.merged_into.id,
      },
    },
  };
}

const ioCategories = { triggered: 'triage', acknowledged: 'live', resolved: 'closed', merged: 'merged' };

/** incident.io's ids are ULIDs: the 128 bits of a UUID in Crockford's base 32. */
export function ulidOf(uuid: string): string {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  let rest = BigInt(`0x${uuid.replaceAll('-', '')}`);
  let ulid = '';
  for (; ulid.length < 26; rest >>= 5n) ulid = alphabet[Number(rest & 31n)] + ulid;
  return ulid;
}
