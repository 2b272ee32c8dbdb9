import type { CustomField, CustomFieldStore, CustomFieldType } from '../../../stores/custom-fields.ts';
import type { SettingRefusal } from '../../../stores/settings.ts';
import type { ApiDeps } from '../../deps.ts';
import { invalidField, notFound } from '../../errors.ts';
import { defineRoute, noContent, type Route } from '../../route.ts';
import { incidentIoPath } from '../ids.ts';
import { reading, stored as storedSetting, writing } from '../settings.ts';
import { customFieldSchemas, formsOf, presentCustomField } from './schema.ts';

/** incident.io's `/v1/custom_fields` and `/v2/custom_fields` (https://docs.incident.io, "Custom fields"). */
export function createCustomFieldRoutes({ stores: { customFields } }: ApiDeps): Route[] {
  return [...routesOf('v1', customFields), ...routesOf('v2', customFields)];
}

function routesOf(version: 'v1' | 'v2', customFields: CustomFieldStore): Route[] {
  const schemas = customFieldSchemas[version];
  return [
    defineRoute({
      ...reading,
      method: 'GET',
      path: `/${version}/custom_fields`,
      summary: 'List custom fields, oldest first',
      responses: { 200: schemas.all },
      refusals: [],
      handler: async ({ key }) => {
        const rows = await customFields.list(key.organisationId);
        return { status: 200, body: { custom_fields: rows.map(presentCustomField) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'POST',
      path: `/${version}/custom_fields`,
      summary: 'Create a custom field',
      description:
        'What can be chosen in one of the types single_select and multi_select, `/v1/custom_field_options` adds.',
      body: schemas.new,
      responses: { 201: schemas.one },
      refusals: ['already_exists', 'limit_reached'],
      handler: ({ key, body, transaction }) =>
        transaction(async (tx) => {
          const { required = 'never', ...shown } = formsOf(body);
          const draft = {
            name: body.name,
            description: body.description,
            fieldType: body.field_type,
            required,
            showBeforeCreation: shown.showBeforeCreation ?? false,
            showBeforeClosure: shown.showBeforeClosure ?? false,
            showBeforeUpdate: shown.showBeforeUpdate ?? false,
            showInAnnouncementPost: shown.showInAnnouncementPost ?? false,
          };
          const created = stored(await customFields.create(key.organisationId, draft, tx));
          return { status: 201 as const, body: { custom_field: presentCustomField(created) } };
        }),
    }),
    defineRoute({
      ...reading,
      method: 'GET',
      path: `/${version}/custom_fields/{id}`,
      summary: 'One custom field',
      params: incidentIoPath,
      responses: { 200: schemas.one },
      refusals: [],
      handler: async ({ key, params }) => {
        const found = await customFields.get(key.organisationId, params.id);
        if (!found) throw notFound();
        return { status: 200, body: { custom_field: presentCustomField(found) } };
      },
    }),
    defineRoute({
      ...writing,
      method: 'PUT',
      path: `/${version}/custom_fields/{id}`,
      summary: 'Change a custom field',
      description: 'Fields left out stay as they are. Its type can be repeated, not changed.',
      params: incidentIoPath,
      body: schemas.changed,
      responses: { 200: schemas.one },
      refusals: ['already_exists'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const change = { name: body.name, description: body.description, ...formsOf(body) };
          const changed = stored(await customFields.update(key.organisationId, params.id, change, tx), body.field_type);
          return { status: 200 as const, body: { custom_field: presentCustomField(changed) } };
        }),
    }),
    defineRoute({
      ...writing,
      method: 'DELETE',
      path: `/${version}/custom_fields/{id}`,
      summary: 'Delete a custom field and its options',
      description: 'Incidents no longer show it.',
      params: incidentIoPath,
      responses: { 204: noContent },
      refusals: [],
      handler: ({ key, params, transaction }) =>
        transaction(async (tx) => {
          if (!(await customFields.remove(key.organisationId, params.id, tx))) throw notFound();
          return { status: 204 as const, body: undefined };
        }),
    }),
  ];
}

/** Throws where the field as it now is cannot be; its transaction undoes it. */
function stored(result: CustomField | SettingRefusal, fieldType?: CustomFieldType): CustomField {
  const field = storedSetting(result, ['custom field', 'custom fields']);
  if (fieldType !== undefined && fieldType !== field.fieldType)
    throw invalidField('field_type', `must stay ${field.fieldType}: incidents may have values of it`);
  if (field.required === 'always' && !field.showBeforeCreation)
    throw invalidField('show_before_creation', 'must be true for a field that is always required');
  return field;
}
