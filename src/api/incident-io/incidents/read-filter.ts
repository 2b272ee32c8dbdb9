import type { FieldError } from '../../../domain/error-code.ts';
import { Refusal } from '../../../domain/error-code.ts';
import { coreStatusOf } from '../../../domain/incident/status-category.ts';
import type { IncidentIoCondition, IncidentIoFilter } from '../../../stores/incident-io-filter.ts';
import type { IncidentStatus } from '../../../stores/incident-statuses.ts';
import { type IncidentMode, incidentModes } from '../../../stores/incidents.ts';
import type { ApiDeps } from '../../deps.ts';
import { incidentIoId } from '../ids.ts';
import { type DynamicFilter, dynamicFilters, type IncidentsQueryV2 } from './list-query.ts';

type List = 'status' | 'severity' | 'incident_type';

const what = {
  status: 'an incident status',
  severity: 'a severity',
  incident_type: 'an incident type',
  custom_field: 'a custom field',
  incident_role: 'an incident role',
} as const;

/** Tests and tutorials are asked for by name. */
const usualModes: IncidentMode[] = ['standard', 'retrospective'];

/**
 * What the filters of a list ask for, in terms of the organisation's settings. Throws `Refusal` naming every parameter
 * that names a setting which is not there.
 */
export async function readFilter(
  { stores }: Pick<ApiDeps, 'stores'>,
  organisationId: string,
  query: IncidentsQueryV2,
): Promise<IncidentIoFilter> {
  const dynamic = dynamicFilters(query);
  const [statuses, severities, types, roles, fields] = await Promise.all([
    stores.incidentStatuses.list(organisationId),
    stores.severities.list(organisationId),
    stores.incidentTypes.list(organisationId),
    stores.incidentRoles.list(organisationId),
    stores.customFields.byIds(organisationId, idsOf(dynamic, 'custom_field')),
  ]);
  const faults: FieldError[] = [];
  const conditions: IncidentIoCondition[] = [];
  const fault = (name: string, message: string) => void faults.push({ field: `query.${name}`, message });

  const known = { status: statuses, severity: severities, incident_type: types };
  /** Ids of settings, where the parameter was given. */
  const settings = (list: List, operator: 'one_of' | 'not_in'): string[] | undefined => {
    const ids = query[`${list}[${operator}]`];
    if (ids?.some((id) => !known[list].some((one) => one.id === id)))
      fault(`${list}[${operator}]`, `is not ${what[list]} of this organisation`);
    return ids;
  };
  const whereStatus = (isIn: (status: IncidentStatus) => boolean) =>
    conditions.push(statusCondition(statuses.filter(isIn)));

  const [shown, notShown] = [settings('status', 'one_of'), settings('status', 'not_in')];
  if (shown) whereStatus(({ id }) => shown.includes(id));
  if (notShown) whereStatus(({ id }) => !notShown.includes(id));
  const [categories, notCategories] = [query['status_category[one_of]'], query['status_category[not_in]']];
  if (categories) whereStatus(({ category }) => categories.includes(category));
  if (notCategories) whereStatus(({ category }) => !notCategories.includes(category));

  const [severe, notSevere] = [settings('severity', 'one_of'), settings('severity', 'not_in')];
  if (severe) conditions.push({ type: 'severity', ids: severe, isNot: false });
  if (notSevere) conditions.push({ type: 'severity', ids: notSevere, isNot: true });
  for (const operator of ['gte', 'lte'] as const) {
    const id = query[`severity[${operator}]`];
    if (id === undefined) continue;
    const bound = severities.find((one) => one.id === id);
    if (!bound) fault(`severity[${operator}]`, 'is not a severity of this organisation');
    else {
      const within = severities.filter(({ rank }) => (operator === 'gte' ? rank >= bound.rank : rank <= bound.rank));
      conditions.push({ type: 'severity', ids: within.map((one) => one.id), isNot: false });
    }
  }

  const usual = types.find(({ isDefault }) => isDefault)?.id;
  const [ofType, notOfType] = [settings('incident_type', 'one_of'), settings('incident_type', 'not_in')];
  if (ofType)
    conditions.push({
      type: 'incident_type',
      ids: ofType,
      withDefault: ofType.some((id) => id === usual),
      isNot: false,
    });
  if (notOfType)
    conditions.push({
      type: 'incident_type',
      ids: notOfType,
      withDefault: notOfType.some((id) => id === usual),
      isNot: true,
    });

  for (const type of ['created_at', 'updated_at'] as const) {
    const [from = null, until = null] = [query[`${type}[gte]`], query[`${type}[lte]`]];
    if (from !== null) conditions.push({ type, from, until: null });
    if (until !== null) conditions.push({ type, from: null, until });
    const range = query[`${type}[date_range]`];
    if (range) conditions.push({ type, ...range });
  }

  for (const filter of dynamic) {
    const isThere = (filter.kind === 'custom_field' ? fields : roles).some(({ id }) => id === filter.id);
    const options = fields.find(({ id }) => id === filter.id)?.options ?? [];
    if (!isThere) fault(filter.name, `is not ${what[filter.kind]} of this organisation`);
    else conditions.push(dynamicCondition(filter, options.length > 0));
  }

  if (faults.length > 0) throw new Refusal('invalid_fields', 'Some filters are invalid.', faults);
  return { modes: modesOf(query), combine: query.filter_mode, conditions };
}

/** Incidents that show one of these. */
export function statusCondition(statuses: IncidentStatus[]): IncidentIoCondition {
  return {
    type: 'status',
    ids: statuses.map(({ id }) => id),
    of: [...new Set(statuses.map(({ category }) => coreStatusOf(category)))],
    withDefault: statuses.some(({ isDefault }) => isDefault),
  };
}

function modesOf(query: IncidentsQueryV2): IncidentMode[] {
  const excluded = query['mode[not_in]'];
  const included = query['mode[one_of]'] ?? (excluded ? [...incidentModes] : usualModes);
  return included.filter((mode) => !excluded?.includes(mode));
}

function idsOf(filters: DynamicFilter[], kind: DynamicFilter['kind']): string[] {
  return filters.filter((one) => one.kind === kind).map(({ id }) => id);
}

function dynamicCondition({ kind, id, operator, values }: DynamicFilter, hasOptions: boolean): IncidentIoCondition {
  if (operator === 'is_blank')
    return {
      type: kind === 'custom_field' ? 'custom_field_blank' : 'incident_role_blank',
      id,
      isBlank: values[0] === 'true',
    };
  // What is no id is no option either, and no incident has it.
  const ids = () => values.map((value) => incidentIoId.safeParse(value).data ?? value);
  if (kind === 'incident_role') return { type: 'incident_role', id, memberIds: ids() };
  return { type: 'custom_field', id, values: hasOptions ? ids() : values, isNot: operator === 'not_in' };
}
