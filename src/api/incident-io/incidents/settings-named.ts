import type { FieldError } from '../../../domain/error-code.ts';
import { incidentTimestamps } from '../../../outbound/incident-io/timeline.ts';
import { uuidOfUlid } from '../../../outbound/incident-io/ulid.ts';
import type { IncidentRole } from '../../../stores/incident-roles.ts';
import type { IncidentStatus } from '../../../stores/incident-statuses.ts';
import type { IncidentType } from '../../../stores/incident-types.ts';
import type { Severity } from '../../../stores/severities.ts';
import type { ApiDeps } from '../../deps.ts';
import { customFieldValues } from './custom-field-values.ts';
import type { GivenEdit, GivenIncident } from './request-schema.ts';

/** What a request names by id, and what of it goes into the incident's row. */
export interface SettingsNamed {
  severity: Severity | undefined;
  status: IncidentStatus | undefined;
  type: IncidentType | undefined;
  /** An empty list takes the values away; in the others null does. */
  customFields: Record<string, string[]>;
  roleAssignments: Record<string, string | null>;
  timestamps: Record<string, string | null>;
  /** The member who shall lead. */
  leadId: string | undefined;
}

type Given = Pick<
  GivenEdit & GivenIncident,
  | 'severity_id'
  | 'incident_status_id'
  | 'custom_field_entries'
  | 'incident_role_assignments'
  | 'incident_timestamp_values'
> &
  Partial<Pick<GivenIncident, 'incident_type_id'>>;

/**
 * Looks up everything that a request names, and all that is wrong with it at once. `place` stands before the names of
 * fields. Who reported an incident is said once, when it is created.
 */
export async function settingsNamed(
  { stores }: Pick<ApiDeps, 'stores'>,
  organisationId: string,
  given: Given,
  { place, isNew }: { place: '' | 'incident.'; isNew: boolean },
): Promise<{ named: SettingsNamed; faults: FieldError[] }> {
  const [severity, status, type, customFields, roles] = await Promise.all([
    given.severity_id ? stores.severities.get(organisationId, given.severity_id) : undefined,
    given.incident_status_id ? stores.incidentStatuses.get(organisationId, given.incident_status_id) : undefined,
    given.incident_type_id ? stores.incidentTypes.get(organisationId, given.incident_type_id) : undefined,
    customFieldsOf(),
    rolesOf(),
  ]);
  const faults: FieldError[] = [...customFields.faults, ...roles.faults];
  const fault = (field: string, message: string) => faults.push({ field: `${place}${field}`, message });
  if (given.severity_id && !severity) fault('severity_id', 'is not a severity of this organisation');
  if (given.incident_status_id && !status)
    fault('incident_status_id', 'is not an incident status of this organisation');
  if (status?.category === 'merged') fault('incident_status_id', 'is for merged incidents alone: merge it');
  if (given.incident_type_id && !type) fault('incident_type_id', 'is not an incident type of this organisation');
  const timestamps = timestampsOf(fault);
  const leadRole = roles.lead;
  const leadId = leadRole === undefined ? undefined : (roles.assigned[leadRole] ?? undefined);
  return {
    named: {
      severity,
      status,
      type,
      customFields: customFields.values,
      roleAssignments: roles.assigned,
      timestamps,
      leadId,
    },
    faults,
  };

  async function customFieldsOf() {
    const entries = given.custom_field_entries ?? [];
    const fields = await (entries.length === 0
      ? []
      : stores.customFields.byIds(
          organisationId,
          entries.map((entry) => entry.custom_field_id),
        ));
    const values: Record<string, string[]> = {};
    const faultsFound = entries.flatMap(({ custom_field_id: id, values: entry }, index): FieldError[] => {
      const at = `${place}custom_field_entries[${index}]`;
      const field = fields.find((one) => one.id === id);
      if (!field) return [{ field: `${at}.custom_field_id`, message: 'is not a custom field of this organisation' }];
      if (values[id]) return [{ field: `${at}.custom_field_id`, message: 'is there already: give each field once' }];
      const read = customFieldValues(field, entry, at);
      values[id] = read.values;
      return read.faults;
    });
    return { values, faults: faultsFound };
  }

  async function rolesOf() {
    const entries = given.incident_role_assignments ?? [];
    const assigned: Record<string, string | null> = {};
    const seen = new Set<string>();
    if (entries.length === 0) return { assigned, faults: [], lead: undefined };
    const ids = entries.flatMap(({ assignee }) => assignee?.id ?? []);
    const emails = entries.flatMap(({ assignee }) => assignee?.email?.trim().toLowerCase() ?? []);
    const [known, users] = await Promise.all([
      stores.incidentRoles.list(organisationId),
      stores.users.among(organisationId, ids, emails),
    ]);
    const faultsFound = entries.flatMap(({ incident_role_id: id, assignee }, index): FieldError[] => {
      const at = `${place}incident_role_assignments[${index}]`;
      const found: FieldError[] = [];
      const role = known.find((one) => one.id === id);
      const wrong = roleFault(role, seen.has(id));
      seen.add(id);
      if (wrong !== undefined) found.push({ field: `${at}.incident_role_id`, message: wrong });
      const who = assigneeOf(assignee, users);
      if (typeof who === 'string' || who === null) assigned[id] = who;
      else found.push({ field: `${at}.assignee.${who.field}`, message: who.message });
      return found;
    });
    return { assigned, faults: faultsFound, lead: known.find(({ roleType }) => roleType === 'lead')?.id };
  }

  function roleFault(role: IncidentRole | undefined, isThere: boolean): string | undefined {
    if (!role) return 'is not an incident role of this organisation';
    if (isThere) return 'is there already: give each role once';
    return role.roleType === 'reporter' && !isNew ? 'is given when the incident is created' : undefined;
  }

  function timestampsOf(fault: (field: string, message: string) => void): Record<string, string | null> {
    const all = incidentTimestamps(organisationId);
    const times: Record<string, string | null> = {};
    for (const [index, { incident_timestamp_id: id, value }] of (given.incident_timestamp_values ?? []).entries()) {
      const at = `incident_timestamp_values[${index}].incident_timestamp_id`;
      const timestamp = all.find((one) => uuidOfUlid(one.id) === id);
      if (!timestamp) fault(at, 'is not an incident timestamp of this organisation');
      else if (Object.hasOwn(times, timestamp.name)) fault(at, 'is there already: give each timestamp once');
      else times[timestamp.name] = value ?? null;
    }
    return times;
  }
}

type GivenAssignee = NonNullable<Given['incident_role_assignments']>[number]['assignee'];

/** The id of a member, null for nobody, or what is wrong. Of several with one address, the oldest. */
function assigneeOf(given: GivenAssignee, users: { id: string; email: string }[]): string | null | FieldError {
  const { id = null, email = null, slack_user_id: slack = null } = given ?? {};
  if (id !== null) {
    const user = users.find((one) => one.id === id);
    return user?.id ?? { field: 'id', message: 'is not a member of this organisation' };
  }
  if (email !== null && email.trim() !== '') {
    const address = email.trim().toLowerCase();
    const user = users.find((one) => one.email.toLowerCase() === address);
    return user?.id ?? { field: 'email', message: 'is not an address of a member of this organisation' };
  }
  if (slack === null || slack === '') return null;
  return {
    field: 'slack_user_id',
    message: 'is not an account of a member of this organisation: give an id or an email',
  };
}
