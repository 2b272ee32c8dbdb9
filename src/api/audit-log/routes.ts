import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { nextCursor, pathId } from '../fields.ts';
import { readPage } from '../paging.ts';
import { defineRoute, type Route } from '../route.ts';
import { auditEntry, auditQuery, presentAuditEntry } from './schema.ts';

const common = {
  method: 'GET',
  tag: 'Audit log',
  role: 'query',
  auth: 'key',
  permission: 'manage_settings',
  refusals: [],
} as const;

export function createAuditLogRoutes({ stores, cursors }: ApiDeps): Route[] {
  return [
    defineRoute({
      ...common,
      path: '/v1/audit-log',
      summary: 'Who changed which part of the configuration, newest first',
      description: 'Every change since the upgrade that brought this log. Nothing in it changes or goes.',
      query: auditQuery,
      responses: { 200: z.object({ audit_entries: z.array(auditEntry), next_cursor: nextCursor }) },
      handler: async ({ key: { organisationId }, query }) => {
        const filter = {
          subjectType: query.subject_type,
          subjectId: query.subject_id,
          action: query.action,
          apiKeyId: query.api_key_id,
          since: query.since,
          until: query.until,
        };
        const { rows, nextCursor } = await readPage(
          cursors,
          { list: 'audit_entries', organisationId, filters: filter },
          query,
          (limit, before) =>
            stores.auditLog.list(organisationId, filter, { limit, before: before?.[0] as number | undefined }),
          ({ sequence }) => [sequence],
        );
        return { status: 200, body: { audit_entries: rows.map(presentAuditEntry), next_cursor: nextCursor } };
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/audit-log/{id}',
      summary: 'One entry of the audit log',
      params: pathId,
      responses: { 200: auditEntry },
      handler: async ({ key, params }) => {
        const entry = await stores.auditLog.get(key.organisationId, params.id);
        if (!entry) throw notFound();
        return { status: 200, body: presentAuditEntry(entry) };
      },
    }),
  ];
}
