import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { openApiText } from '../../scripts/write-openapi.ts';
import { noContent } from '../../src/api/route.ts';
import { createRoutes } from '../../src/api/routes.ts';
import { validate } from '../../src/api/validate.ts';
import { startTestApi, type Json, type TestApi } from '../support/api.ts';

interface Operation {
  method: string;
  path: string;
  isKeyed: boolean;
  hasId: boolean;
  /** An answer's status → the codes its description names. */
  responses: Record<string, { description: string; content: Json }>;
}

describe('the OpenAPI document', () => {
  let api: TestApi;
  let document: Json;
  let operations: Operation[];

  before(async () => {
    api = await startTestApi();
    document = (await api.get('/openapi.json', { key: null })).body;
    operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, { security, responses }]) => ({
        method: method.toUpperCase(),
        path,
        isKeyed: security.some((scheme: Json) => 'apiKey' in scheme) && !security.some((s: Json) => !('apiKey' in s)),
        hasId: path.includes('{id}'),
        responses,
      })),
    );
  });
  after(() => api.close());

  it('is the one in the repository (else: npm run openapi)', async () => {
    assert.equal(await openApiText(), await readFile(new URL('../../openapi.json', import.meta.url), 'utf8'));
  });

  it('is complete in itself', () => {
    assert.equal(document.openapi, '3.1.0');
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
    for (const [, name] of references) assert.ok(document.components.schemas[name!], name);
    const ids = Object.values<Json>(document.paths).flatMap((methods) =>
      Object.values<Json>(methods).map(({ operationId }) => operationId),
    );
    assert.equal(new Set(ids).size, ids.length, 'operation ids are unique');
  });

  it('names every path the product promises', () => {
    const named = operations.map(({ method, path }) => `${method} ${path}`).sort();
    assert.deepEqual(named, [
      'DELETE /v1/api-key/{id}',
      'DELETE /v1/custom_field_options/{id}',
      'DELETE /v1/custom_fields/{id}',
      'DELETE /v1/escalation-policy/{id}',
      'DELETE /v1/incident/{id}/membership/{member_id}',
      'DELETE /v1/incident/{id}/pending-action/{type}',
      'DELETE /v1/incident_roles/{id}',
      'DELETE /v1/incident_statuses/{id}',
      'DELETE /v1/incident_types/{id}',
      'DELETE /v1/ruleset/{id}',
      'DELETE /v1/severities/{id}',
      'DELETE /v1/status-page/{id}',
      'DELETE /v1/status-page/{id}/component/{component_id}',
      'DELETE /v1/subscription/{id}',
      'DELETE /v1/team/{id}',
      'DELETE /v1/team/{id}/member/{member_id}',
      'DELETE /v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}',
      'DELETE /v1/team/{id}/override',
      'DELETE /v1/team/{id}/schedule',
      'DELETE /v1/webhook/{id}',
      'DELETE /v2/actions/{id}',
      'DELETE /v2/custom_fields/{id}',
      'DELETE /v2/follow_ups/{id}',
      'DELETE /v2/incident_roles/{id}',
      'DELETE /webhook_subscriptions/{id}',
      'GET /health',
      'GET /link/{token}',
      'GET /openapi.json',
      'GET /ready',
      'GET /status/{page}.json',
      'GET /v1/actions',
      'GET /v1/actions/{id}',
      'GET /v1/api-key/{id}',
      'GET /v1/api-keys',
      'GET /v1/audit-log',
      'GET /v1/audit-log/{id}',
      'GET /v1/custom_field_options',
      'GET /v1/custom_field_options/{id}',
      'GET /v1/custom_fields',
      'GET /v1/custom_fields/{id}',
      'GET /v1/customer/{id}/schedule',
      'GET /v1/delivery/{id}',
      'GET /v1/escalation-policies',
      'GET /v1/escalation-policy/{id}',
      'GET /v1/event/{id}',
      'GET /v1/export/actions',
      'GET /v1/export/follow-ups',
      'GET /v1/export/incidents',
      'GET /v1/health-check',
      'GET /v1/identity',
      'GET /v1/incident/{id}',
      'GET /v1/incident/{id}/actions',
      'GET /v1/incident/{id}/log',
      'GET /v1/incident/{id}/memberships',
      'GET /v1/incident/{id}/notifications',
      'GET /v1/incident_roles',
      'GET /v1/incident_roles/{id}',
      'GET /v1/incident_statuses',
      'GET /v1/incident_statuses/{id}',
      'GET /v1/incident_types',
      'GET /v1/incident_types/{id}',
      'GET /v1/incidents',
      'GET /v1/incidents/{id}',
      'GET /v1/on-call',
      'GET /v1/organisation',
      'GET /v1/organisation/incidents',
      'GET /v1/ruleset/{id}',
      'GET /v1/ruleset/{id}/actions',
      'GET /v1/rulesets',
      'GET /v1/severities',
      'GET /v1/severities/{id}',
      'GET /v1/status-page/{id}',
      'GET /v1/status-page/{id}/component/{component_id}',
      'GET /v1/status-page/{id}/components',
      'GET /v1/status-pages',
      'GET /v1/subscription/{id}',
      'GET /v1/subscription/{id}/deliveries',
      'GET /v1/subscription/{id}/statistics',
      'GET /v1/subscriptions',
      'GET /v1/team/{id}',
      'GET /v1/team/{id}/incidents',
      'GET /v1/team/{id}/member/{member_id}',
      'GET /v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}',
      'GET /v1/team/{id}/member/{member_id}/contact-methods',
      'GET /v1/team/{id}/member/{member_id}/notification-rules',
      'GET /v1/team/{id}/members',
      'GET /v1/team/{id}/on-call',
      'GET /v1/team/{id}/override',
      'GET /v1/teams',
      'GET /v1/webhook/{id}',
      'GET /v1/webhook/{id}/events',
      'GET /v1/webhooks',
      'GET /v2/actions',
      'GET /v2/actions/{id}',
      'GET /v2/custom_fields',
      'GET /v2/custom_fields/{id}',
      'GET /v2/follow_ups',
      'GET /v2/follow_ups/{id}',
      'GET /v2/incident_roles',
      'GET /v2/incident_roles/{id}',
      'GET /v2/incident_timestamps',
      'GET /v2/incident_timestamps/{id}',
      'GET /v2/incident_updates',
      'GET /v2/incidents',
      'GET /v2/incidents/{id}',
      'GET /v2/users',
      'GET /v2/users/{id}',
      'GET /webhook_subscriptions',
      'GET /webhook_subscriptions/{id}',
      'POST /link/{token}',
      'POST /v1/api-key',
      'POST /v1/api-key/{id}/rotate',
      'POST /v1/custom_field_options',
      'POST /v1/custom_fields',
      'POST /v1/delivery/{id}/resend',
      'POST /v1/escalation-policy',
      'POST /v1/escalation-policy/{id}/simulate',
      'POST /v1/incident/bulk',
      'POST /v1/incident/webhook/{id}',
      'POST /v1/incident/{id}/acknowledge',
      'POST /v1/incident/{id}/action',
      'POST /v1/incident/{id}/conference-bridge',
      'POST /v1/incident/{id}/delegate',
      'POST /v1/incident/{id}/escalate',
      'POST /v1/incident/{id}/membership',
      'POST /v1/incident/{id}/merge',
      'POST /v1/incident/{id}/note',
      'POST /v1/incident/{id}/priority',
      'POST /v1/incident/{id}/reassign',
      'POST /v1/incident/{id}/reopen',
      'POST /v1/incident/{id}/resolve',
      'POST /v1/incident/{id}/responder',
      'POST /v1/incident/{id}/responder-reply',
      'POST /v1/incident/{id}/severity',
      'POST /v1/incident/{id}/snooze',
      'POST /v1/incident/{id}/status-update',
      'POST /v1/incident/{id}/unacknowledge',
      'POST /v1/incident/{id}/urgency',
      'POST /v1/incident_memberships',
      'POST /v1/incident_memberships/actions/revoke',
      'POST /v1/incident_roles',
      'POST /v1/incident_statuses',
      'POST /v1/incident_types',
      'POST /v1/incidents',
      'POST /v1/organisation',
      'POST /v1/ruleset',
      'POST /v1/ruleset/dry-run',
      'POST /v1/severities',
      'POST /v1/status-page',
      'POST /v1/status-page/{id}/component',
      'POST /v1/subscription',
      'POST /v1/subscription/{id}/disable',
      'POST /v1/subscription/{id}/enable',
      'POST /v1/subscription/{id}/example',
      'POST /v1/subscription/{id}/ping',
      'POST /v1/subscription/{id}/recover',
      'POST /v1/subscription/{id}/rotate-secret',
      'POST /v1/team',
      'POST /v1/team/{id}/incident',
      'POST /v1/team/{id}/member',
      'POST /v1/team/{id}/member/{member_id}/contact-method',
      'POST /v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}/verification',
      'POST /v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}/verify',
      'POST /v1/team/{id}/override',
      'POST /v1/team/{id}/schedule',
      'POST /v1/webhook',
      'POST /v1/webhook/{id}/events/{event_id}/replay',
      'POST /v1/webhook/{id}/rotate-routing-key',
      'POST /v2/actions',
      'POST /v2/actions/{id}/actions/complete',
      'POST /v2/custom_fields',
      'POST /v2/enqueue',
      'POST /v2/follow_ups',
      'POST /v2/follow_ups/{id}/actions/complete',
      'POST /v2/incident_roles',
      'POST /v2/incidents',
      'POST /v2/incidents/{id}/actions/edit',
      'POST /webhook_subscriptions',
      'POST /webhook_subscriptions/{id}/enable',
      'POST /webhook_subscriptions/{id}/ping',
      'PUT /v1/api-key/{id}',
      'PUT /v1/custom_field_options/{id}',
      'PUT /v1/custom_fields/{id}',
      'PUT /v1/escalation-policy/{id}',
      'PUT /v1/incident/{id}',
      'PUT /v1/incident/{id}/pending-action/{type}',
      'PUT /v1/incident_roles/{id}',
      'PUT /v1/incident_statuses/{id}',
      'PUT /v1/incident_types/{id}',
      'PUT /v1/organisation',
      'PUT /v1/ruleset/{id}',
      'PUT /v1/ruleset/{id}/actions',
      'PUT /v1/severities/{id}',
      'PUT /v1/status-page/{id}',
      'PUT /v1/status-page/{id}/component/{component_id}',
      'PUT /v1/subscription/{id}',
      'PUT /v1/team/{id}',
      'PUT /v1/team/{id}/member/{member_id}',
      'PUT /v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}',
      'PUT /v1/team/{id}/member/{member_id}/notification-rules',
      'PUT /v1/team/{id}/schedule',
      'PUT /v1/webhook/{id}',
      'PUT /v2/actions/{id}',
      'PUT /v2/custom_fields/{id}',
      'PUT /v2/follow_ups/{id}',
      'PUT /v2/incident_roles/{id}',
      'PUT /webhook_subscriptions/{id}',
    ]);
  });

  it('shows an example of every JSON body and of every answer, each as its schema wants it', () => {
    for (const route of createRoutes(api.deps)) {
      const { requestBody, responses } = document.paths[route.path][route.method.toLowerCase()];
      const name = `${route.method} ${route.path}`;
      if (route.body) {
        const { example } = requestBody.content['application/json'];
        assert.deepEqual(validate(route.body, example).errors, [], `body of ${name}`);
        assert.deepEqual(route.checkBody?.(example) ?? [], [], `body of ${name}`);
      }
      for (const [status, schema] of Object.entries(route.responses).filter(([given]) => given < '300')) {
        if (schema === noContent) {
          assert.equal(responses[status].content, undefined, `${status} of ${name}`);
          continue;
        }
        const { example } = responses[status].content[route.html ? 'text/html' : 'application/json'];
        const { value, errors } = validate(schema, example);
        assert.deepEqual(errors, [], `${status} of ${name}`);
        assert.deepEqual(JSON.parse(JSON.stringify(value)), example, `${status} of ${name} shows what is not answered`);
      }
    }
  });

  it('asks a key for all but health, links, events, public statuses and itself', () => {
    const open = operations.filter(({ isKeyed }) => !isKeyed).map(({ path }) => path);
    assert.deepEqual(open.sort(), [
      '/health',
      '/link/{token}',
      '/link/{token}',
      '/openapi.json',
      '/ready',
      '/status/{page}.json',
      '/v1/health-check',
      '/v1/incident/webhook/{id}',
      '/v2/enqueue',
    ]);
  });

  const unknown = '01999999-0000-7000-8000-000000000000';

  it('holds: the scheme may be written in any case', async () => {
    for (const scheme of ['bearer', 'BEARER', 'Bearer '])
      assert.equal(
        (await api.get('/v1/teams', { key: null, headers: { Authorization: `${scheme} ${api.adminKey}` } })).status,
        200,
      );
  });

  it("holds: another organisation's id answers exactly like an unknown and a malformed one", async () => {
    const own = await api.createOrganisation('Own');
    const as = { key: own.key };
    const webhook = (await api.post('/v1/webhook', {}, as)).body;
    const subscription = (
      await api.post('/v1/subscription', { name: 'S', url: 'http://127.0.0.1:9999/', dialect: 'standard' }, as)
    ).body;
    const incident = (
      await api.post(`/v1/team/${own.teamId}/incident`, { name: 'I', description: '', urgency: 'low' }, as)
    ).body;
    const member = (await api.post(`/v1/team/${own.teamId}/member`, { name: 'M', email: 'm@example.com' }, as)).body;
    const reach = { type: 'webhook', url: 'http://127.0.0.1:9999/' };
    const reached = (await api.post(`/v1/team/${own.teamId}/member/${member.id}/contact-method`, reach, as)).body;
    const event = (await api.post(`/v1/incident/webhook/${webhook.id}`, {}, { key: null })).body;
    const rule = {
      ...{ rule_type: 'webhook', level: 'team', team_id: own.teamId, urgency: 'low', conditions: [] },
      ...{ name: 'R', description: '' },
    };
    const ruleset = (await api.post('/v1/ruleset', rule, as)).body;
    // Commands to it are then refused at once, without asking Temporal.
    await api.database.sql`UPDATE incidents SET status = 'resolved' WHERE id = ${incident.id}`;
    const page = (await api.post('/v1/status-page', { name: 'P' }, as)).body;
    const component = (await api.post(`/v1/status-page/${page.id}/component`, { name: 'C' }, as)).body;
    const levels = [{ delay: 60, targets: [{ type: 'team', id: own.teamId }] }];
    const policy = (await api.post('/v1/escalation-policy', { name: 'P', levels }, as)).body;
    const filter = { type: 'account_reference' };
    const method = { type: 'http_delivery_method', url: 'http://127.0.0.1:9999/' };
    const spoken = { delivery_method: method, events: ['incident.triggered'], filter };
    const asWithPagerDuty = (await api.post('/webhook_subscriptions', { webhook_subscription: spoken }, as)).body;
    const delivery = (await api.post(`/v1/subscription/${subscription.id}/ping`, {}, as)).body;
    const apiKey = (await api.post('/v1/api-key', { name: 'K', permissions: ['view_data'] }, as)).body;
    const [auditEntry] = (await api.get('/v1/audit-log', as)).body.audit_entries;
    /** A setting of incident.io's API, by each of its versions: what one deletes, the other would not find. */
    const setting = async (path: string, draft: Json): Promise<string> => {
      const { custom_field: field } = (
        await api.post('/v1/custom_fields', { name: `For ${path}`, field_type: 'multi_select' }, as)
      ).body;
      const made = (await api.post(`/${path}`, { custom_field_id: field.id, ...draft }, as)).body;
      return Object.values<Json>(made)[0].id;
    };
    const tasked = { incident_id: incident.id, description: 'D', title: 'T' };
    const taskOf = async (noun: string) => Object.values<Json>((await api.post(`/v2/${noun}`, tasked, as)).body)[0].id;
    const existing: Record<string, string> = {
      'v1/actions': await taskOf('follow_ups'),
      'v2/actions': await taskOf('actions'),
      'v2/follow_ups': await taskOf('follow_ups'),
      'v1/severities': await setting('v1/severities', { name: 'S' }),
      'v1/custom_fields': await setting('v1/custom_fields', { name: 'F1', field_type: 'text' }),
      'v2/custom_fields': await setting('v2/custom_fields', { name: 'F2', field_type: 'text' }),
      'v1/custom_field_options': await setting('v1/custom_field_options', { value: 'O' }),
      'v1/incident_roles': await setting('v1/incident_roles', { name: 'R1', shortform: 'r1' }),
      'v2/incident_roles': await setting('v2/incident_roles', { name: 'R2', shortform: 'r2' }),
      'v1/incident_statuses': await setting('v1/incident_statuses', { name: 'S', category: 'live' }),
      'v1/incident_types': await setting('v1/incident_types', { name: 'T' }),
      'v1/incidents': incident.id,
      'v2/incidents': incident.id,
      'v2/incident_timestamps': (await api.get('/v2/incident_timestamps', as)).body.incident_timestamps[0].id,
      'v2/users': member.id,
      // Its path begins at the root.
      '{id}': asWithPagerDuty.webhook_subscription.id,
      'api-key': apiKey.id,
      'audit-log': auditEntry.id,
      'escalation-policy': policy.id,
      team: own.teamId,
      webhook: webhook.id,
      subscription: subscription.id,
      incident: incident.id,
      customer: own.id,
      delivery: delivery.id,
      event: event.id,
      ruleset: ruleset.id,
      'status-page': page.id,
    };
    const entry = { team_member_id: unknown, week_days: [1], start_time: '08:00:00', end_time: '17:59:59' };
    const created_at = '2024-01-01T00:00:00Z';
    const bodies: Record<string, Json> = {
      '/v1/status-page/{id}/component': { name: 'A' },
      '/v1/team/{id}/member/{member_id}/contact-method': reach,
      '/v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}/verify': { code: '000000' },
      'PUT /v1/team/{id}/member/{member_id}/notification-rules': { rules: [] },
      '/v1/team/{id}/member': { name: 'A', email: 'a@example.com' },
      '/v1/team/{id}/incident': { name: 'A', description: 'B', urgency: 'low' },
      '/v1/incident/{id}/action': { type: 'trigger-alerts' },
      '/v1/incident/{id}/delegate': { escalation_policy_id: unknown },
      '/v1/incident/{id}/membership': { member_id: unknown },
      '/v1/incident/{id}/merge': { incident_ids: [unknown] },
      '/v1/incident/{id}/note': { content: 'A' },
      '/v1/incident/{id}/pending-action/{type}': { at: new Date(Date.now() + 60_000).toISOString() },
      '/v1/incident/{id}/priority': { priority: null },
      '/v1/incident/{id}/reassign': { assignees: [{ type: 'team', id: await api.defaultTeamId() }] },
      '/v1/incident/{id}/responder': { member_id: unknown },
      '/v1/incident/{id}/responder-reply': { member_id: unknown, reply: 'accepted' },
      '/v1/incident/{id}/severity': { severity: null },
      '/v1/incident/{id}/snooze': { duration: 60 },
      '/v1/incident/{id}/status-update': { message: 'A' },
      '/v1/incident/{id}/urgency': { urgency: 'high' },
      '/v1/team/{id}/override': { member_id: unknown, since: created_at, until: '2024-01-02T00:00:00Z' },
      '/v1/team/{id}/schedule': entry,
      '/v1/subscription/{id}/example': { event: 'incident.triggered' },
      '/v1/subscription/{id}/recover': { since: created_at, until: '2024-01-02T00:00:00Z' },
      'PUT /v1/team/{id}/schedule': { ...entry, created_at },
      'PUT /v1/ruleset/{id}': { ...rule, team_id: await api.defaultTeamId() },
      'PUT /v1/ruleset/{id}/actions': { actions: [] },
      '/v2/incidents/{id}/actions/edit': { incident: {} },
      'PUT /webhook_subscriptions/{id}': { webhook_subscription: {} },
    };
    const queries: Record<string, string> = {
      'DELETE /v1/team/{id}/override': `?override_id=${unknown}`,
      'DELETE /v1/team/{id}/schedule': `?team_member_id=${unknown}&created_at=${created_at}`,
    };
    // What these change or delete is named beside the path, and nothing of that name exists.
    const namedBeside = new Set([...Object.keys(queries), 'PUT /v1/team/{id}/schedule']);
    // What a resolved incident still takes.
    const asksTemporal = new Set(['note', 'reopen', 'status-update'].map((name) => `POST /v1/incident/{id}/${name}`));
    const isLast = ({ method }: Operation) => Number(method === 'DELETE');
    const keyed = operations
      .filter(({ isKeyed, hasId }) => isKeyed && hasId)
      .sort((a, b) => isLast(a) - isLast(b) || b.path.length - a.path.length);
    assert.ok(keyed.length >= 25);
    for (const { method, path, responses } of keyed) {
      assert.match(responses['404']!.description, /not_found/);
      const foreign = existing[path.split('/').slice(1, 3).join('/')] ?? existing[path.split('/')[2]!];
      assert.ok(foreign, path);
      const takesBody = method === 'POST' || method === 'PUT';
      const json = takesBody ? (bodies[`${method} ${path}`] ?? bodies[path] ?? {}) : undefined;
      const besides: Record<string, string> = {
        '{member_id}': member.id,
        '{component_id}': component.id,
        '{event_id}': event.id,
        '{contact_method_id}': reached.id,
        '{type}': 'resolve',
      };
      const whole = path.replace(/\{(?!id\})\w+\}/g, (name) => besides[name]!);
      const target = whole + (queries[`${method} ${path}`] ?? '');
      const answers = [];
      for (const id of [unknown, foreign, foreign.toUpperCase(), 'x', `${foreign}0`, '1', "'--", '%20']) {
        const answer = await api.send(method, target.replace('{id}', id), { json });
        assert.equal(answer.status, 404, `${method} ${path} ${id}`);
        answers.push({ ...answer.body, request_id: '' });
      }
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      if (namedBeside.has(`${method} ${path}`) || asksTemporal.has(`${method} ${path}`)) continue;
      const asOwner = await api.send(method, target.replace('{id}', foreign.toUpperCase()), { json, key: own.key });
      assert.notEqual(asOwner.status, 404, `${method} ${path} exists for its owner`);
    }
  });
});
