import { Refusal } from '../../../domain/error-code.ts';
import { type CustomFieldOptionStore, mostOptions } from '../../../stores/custom-field-options.ts';
import type { ApiDeps } from '../../deps.ts';
import { invalidField, notFound } from '../../errors.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { readIncidentIoPage } from '../paging.ts';
import { reading, taken, writing } from '../settings.ts';
import {
  changedCustomFieldOption,
  newCustomFieldOption,
  oneCustomFieldOption,
  optionsQuery,
  presentCustomFieldOption,
  someCustomFieldOptions,
} from './schema.ts';

/** incident.io's `/v1/custom_field_options` (https://docs.incident.io, "Custom field options V1"). */
export function createCustomFieldOptionRoutes({ stores: { customFields, customFieldOptions } }: ApiDeps): Route[] {
  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/custom_field_options',
      summary: 'List the options of a custom field, by their sort keys',
      query: optionsQuery,
      responses: { 200: someCustomFieldOptions },
      refusals: [],
      handler: async ({ key: { organisationId }, query }) => {
        const { custom_field_id: fieldId, ...page } = query;
        if (!(await customFields.get(organisationId, fieldId)))
          throw invalidField('query.custom_field_id', 'must be the id of a custom field');
        const { rows, paginationMeta } = await readIncidentIoPage(page, (limit, after) =>
          customFieldOptions.list(organisationId, fieldId, { limit, after }),
        );
        const options = rows.map(presentCustomFieldOption);
        return { status: 200, body: { custom_field_options: options, pagination_meta: paginationMeta } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: '/v1/custom_field_options',
      summary: 'Create an option of a custom field',
      description: `For fields of the types single_select and multi_select, at most ${mostOptions} for one.`,
      body: newCustomFieldOption,
      responses: { 201: oneCustomFieldOption },
      refusals: ['already_exists', 'limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const draft = { customFieldId: body.custom_field_id, value: body.value, sortKey: body.sort_key };
          const created = stored(await customFieldOptions.create(key.organisationId, draft, tx));
          return { status: 201 as const, body: { custom_field_option: presentCustomFieldOption(created) } };
        }),
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: '/v1/custom_field_options/{id}',
      summary: 'One option of a custom field',
      params: incidentIoPath,
      responses: { 200: oneCustomFieldOption },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await customFieldOptions.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: { custom_field_option: presentCustomFieldOption(found) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: '/v1/custom_field_options/{id}',
      summary: 'Change an option of a custom field',
      description: 'Fields left out stay as they are. Incidents that have it show its new value.',
      params: incidentIoPath,
      body: changedCustomFieldOption,
      responses: { 200: oneCustomFieldOption },
      refusals: ['already_exists'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = { value: body.value, sortKey: body.sort_key };
          const changed = stored(await customFieldOptions.update(key.organisationId, params.id, change, tx));
          return { status: 200 as const, body: { custom_field_option: presentCustomFieldOption(changed) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: '/v1/custom_field_options/{id}',
      summary: 'Delete an option of a custom field',
      description: 'Incidents that have it keep it.',
      params: incidentIoPath,
      responses: { 204: noContent },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          if (!(await customFieldOptions.remove(key.organisationId, params.id, tx))) throw notFound();
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}

type Stored = Awaited<ReturnType<CustomFieldOptionStore['create'] | CustomFieldOptionStore['update']>>;

/** The option, or the refusal that stands for why there is none. */
function stored(result: Stored): Extract<Stored, object> {
  if (typeof result === 'object') return result;
  if (result === 'unknown') throw notFound();
  if (result === 'unknown_field') throw invalidField('custom_field_id', 'must be the id of a custom field');
  if (result === 'no_select')
    throw invalidField('custom_field_id', 'must be a field of the type single_select or multi_select');
  if (result === 'value_taken') throw taken('value', 'option of the field');
  throw new Refusal('limit_reached', `A custom field has at most ${mostOptions} options.`);
}
