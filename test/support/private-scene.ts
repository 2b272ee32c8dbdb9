import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { ulidOf } from '../../src/outbound/incident-io/ulid.ts';
import type { Json, TestApi } from './api.ts';
import { insertContactMethod, setRules } from './people.ts';
import { poll } from './poll.ts';

/** In every text of the private incidents, and in nothing else. */
export const secretWord = 'quetzalcoatl';
/** Those of the private incidents begin here: nothing else has such a number. */
const firstSecretNumber = 7_424_242;

export interface PrivateScene {
  /** Private, and so are those merged into it; `elsewhere` was merged into a public one. */
  secret: Json;
  elsewhere: Json;
  /** Public: merged into the private one, and what a private one was merged into. */
  merged: Json;
  target: Json;
  /** The ids of all that there is, by what a path calls them; `id` may be any. */
  ids: Record<string, string>;
  /** Deliveries of the private incidents. */
  deliveries: string[];
  eventId: string;
  /** What must not be shown. */
  gives(text: string): boolean;
}

/** Two private incidents, and everything else that names them. Every text goes in over HTTP. */
export async function createPrivateScene(api: TestApi): Promise<PrivateScene> {
  const { sql } = api.database;
  const { id: organisationId, default_team_id: teamId } = (await api.get('/v1/organisation')).body;
  const made = async (path: string, json: unknown, method = 'POST'): Promise<Json> => {
    const { status, body, text } = await api.send(method, path, { json });
    assert.ok(status < 300, `${method} ${path}: ${text}`);
    return body;
  };

  const member = await made(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' });
  const organisation = { organisationId, teamId, webhookId: '', apiKeyId: '' };
  const mail = { type: 'email', name: 'Mail', address: 'ada@example.com' } as const;
  const contactMethodId = await insertContactMethod(sql, api.deps.sealer, organisation, member.id, mail);
  await setRules(sql, organisation, member.id, [{ delay: 0, contactMethodId }]);
  const levels = [{ delay: 600, targets: [{ type: 'member', id: member.id }] }];
  const policy = await made('/v1/escalation-policy', { name: 'Policy', levels });
  const webhook = await made('/v1/webhook', { name: 'Probes' });
  const rule = { level: 'team', rule_type: 'webhook', team_id: teamId, name: 'Rule', description: '', urgency: 'low' };
  const conditions = [{ type: 'json-check', key: 'a', operator: 'equal', values: ['1'] }];
  const ruleset = await made('/v1/ruleset', { ...rule, conditions });
  const subscribed = { url: 'http://127.0.0.1:8099/', include_private: true };
  const subscription = await made('/v1/subscription', { name: 'All', dialect: 'standard', ...subscribed });
  await made('/v1/subscription', { name: 'incident.io', dialect: 'incident.io.v2', ...subscribed });
  const page = await made('/v1/status-page', { name: 'Acme' });
  const component = await made(`/v1/status-page/${page.id}/component`, { name: 'Shop' });

  const open = async (change: Json): Promise<Json> => {
    const draft = { name: 'Disk full', description: 'Known to all', urgency: 'high', ...change };
    const incident = await made(`/v1/team/${teamId}/incident`, draft);
    await api.begun(incident.id);
    return incident;
  };
  const [merged, target] = [await open({}), await open({})];
  await sql`
    UPDATE counters SET value = ${firstSecretNumber - 1}
    WHERE organisation_id = ${organisationId} AND kind = 'incident'`;
  const said = (what: string) => `${what} of ${secretWord}`;
  const secret = await open({
    ...{ name: said('Name'), description: said('Description'), incident_key: said('Key'), severity: secretWord },
    ...{ visibility: 'private', escalation_policy_id: policy.id, priority: secretWord },
    actions: [{ type: 'trigger-webhook', settings: [{ url: `http://127.0.0.1:8099/${secretWord}` }] }],
  });
  const elsewhere = await open({
    name: said('Another'),
    visibility: 'private',
    assignees: [{ type: 'member', id: member.id }],
  });

  const at = `/v1/incident/${secret.id}`;
  await made(`${at}/note`, { content: said('Note') });
  await made(`${at}/status-update`, { message: said('Update') });
  await made(`${at}/conference-bridge`, { number: secretWord, url: `https://meet.example.com/${secretWord}` });
  await made(`${at}/responder`, { member_id: member.id, message: said('Please') });
  await made(`${at}/priority`, { priority: said('Priority') });
  await made(`${at}/severity`, { severity: said('Severity') });
  await made(
    at,
    { name: said('New name'), description: said('New text'), priority: said('P1'), urgency: 'low' },
    'PUT',
  );
  await made(`${at}/merge`, { incident_ids: [merged.id] });
  await made(`/v1/incident/${target.id}/merge`, { incident_ids: [elsewhere.id] });
  await made(`/v1/incident/${elsewhere.id}/note`, { content: said('Afterthought') });
  await made(`${at}/membership`, { member_id: member.id });
  await made(`/v1/incident/${elsewhere.id}/membership`, { member_id: member.id });
  const task = { incident_id: secret.id, description: said('Task') };
  const { action } = await made('/v2/actions', task);
  await made('/v1/incident/bulk', { incident_ids: [secret.id], action: 'acknowledge' });
  await made(
    at,
    { status: 'resolved', resolution: said('Resolution'), root_cause: said('Cause'), severity: secretWord },
    'PUT',
  );
  await made(`${at}/reopen`, {});

  const affected = { statusPageId: page.id, componentId: component.id, incidentId: secret.id };
  await api.deps.stores.statusPages.affect(organisationId, affected);
  const event = (await api.post(`/v1/incident/webhook/${webhook.id}`, { a: 2 })).body;
  await sql`UPDATE events SET status = 'evaluated' WHERE organisation_id = ${organisationId}`;
  // As when a ruleset's incident was merged into it.
  await sql`
    INSERT INTO event_matches (organisation_id, event_id, scope_id, ruleset_id, occurrence, incident_id, outcome)
    VALUES (${organisationId}, ${event.id}, ${ruleset.id}, ${ruleset.id}, 0, ${secret.id}, 'joined')`;
  await poll(async () => (await api.get(`${at}/notifications`)).body.notifications.length > 0, { what: 'a page' });
  const deliveries = await sql<{ id: string }[]>`
    SELECT id FROM deliveries WHERE subject_id IN (${secret.id}, ${elsewhere.id}) ORDER BY created_at`;
  assert.ok(deliveries.length > 10);

  const hidden = new RegExp(
    [secretWord, ...[secret, elsewhere].flatMap(({ id, number }) => [id, ulidOf(id), String(number)])].join('|'),
    'i',
  );
  return {
    ...{ secret, elsewhere, merged, target },
    ids: {
      incident: secret.id,
      elsewhere: elsewhere.id,
      merged: merged.id,
      target: target.id,
      team: teamId,
      organisation: organisationId,
      member_id: member.id,
      contact_method_id: contactMethodId,
      policy: policy.id,
      webhook: webhook.id,
      ruleset: ruleset.id,
      subscription: subscription.id,
      page: page.id,
      component_id: component.id,
      event_id: event.id,
      task: action.id,
      unknown: uuid(),
    },
    deliveries: deliveries.map(({ id }) => id),
    eventId: event.id,
    gives: (text) => hidden.test(text),
  };
}
