import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { createApp } from '../../src/api/app.ts';
import { createCursors } from '../../src/api/cursor.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { createTemporalStatus } from '../../src/api/health/temporal-status.ts';
import { closeHttpServer, createHttpServer } from '../../src/api/http-server.ts';
import { createChannels } from '../../src/notify/index.ts';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createActionDefinitionStore } from '../../src/stores/action-definitions.ts';
import { createApiKeyStore } from '../../src/stores/api-keys.ts';
import { createAuditLog } from '../../src/stores/audit-log.ts';
import { createBacklogStore } from '../../src/stores/backlog.ts';
import { createContactMethodStore } from '../../src/stores/contact-methods.ts';
import { createCustomFieldOptionStore } from '../../src/stores/custom-field-options.ts';
import { createCustomFieldStore } from '../../src/stores/custom-fields.ts';
import { createDeliveryReads } from '../../src/stores/delivery-reads.ts';
import { createDeliveryRepairs } from '../../src/stores/delivery-repairs.ts';
import { createDeliveryStatistics } from '../../src/stores/delivery-statistics.ts';
import { createBell } from '../../src/stores/doorbell.ts';
import { createEscalationPolicyStore } from '../../src/stores/escalation-policies.ts';
import { createEventSamples } from '../../src/stores/event-samples.ts';
import { createEventStore } from '../../src/stores/events.ts';
import { createExportStore } from '../../src/stores/exports.ts';
import { createIdempotencyKeyStore } from '../../src/stores/idempotency-keys.ts';
import { createIncidentIoReads } from '../../src/stores/incident-io-incidents.ts';
import { createIncidentMembershipStore } from '../../src/stores/incident-memberships.ts';
import { createIncidentReads } from '../../src/stores/incident-reads.ts';
import { createIncidentRoleStore } from '../../src/stores/incident-roles.ts';
import { createIncidentStatusStore } from '../../src/stores/incident-statuses.ts';
import { createIncidentTypeStore } from '../../src/stores/incident-types.ts';
import { createTaskStore } from '../../src/stores/incident-tasks.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import { createIncidentUpdates } from '../../src/stores/incident-updates.ts';
import { createMemberStore } from '../../src/stores/members.ts';
import { createMergeStore } from '../../src/stores/merges.ts';
import { isMigrated, readMigrations } from '../../src/stores/migrations.ts';
import { createNotificationPlans } from '../../src/stores/notification-plans.ts';
import { createNotificationRuleStore } from '../../src/stores/notification-rules.ts';
import { createNotificationStore } from '../../src/stores/notifications.ts';
import { createOrganisationStore, ensureAdminKey } from '../../src/stores/organisations.ts';
import { createOverrideStore } from '../../src/stores/overrides.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createScheduleStore } from '../../src/stores/schedules.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSeverityStore } from '../../src/stores/severities.ts';
import { createComponentStore } from '../../src/stores/status-page-components.ts';
import { createStatusPageStore } from '../../src/stores/status-pages.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTargetStore } from '../../src/stores/targets.ts';
import { createTeamStore } from '../../src/stores/teams.ts';
import { createUserStore } from '../../src/stores/users.ts';
import { createWebhookStore } from '../../src/stores/webhooks.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { patient } from './patient.ts';
import { poll } from './poll.ts';
import type { TestTemporal } from './temporal.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
export type Json = any;

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
  text: string;
}

export interface SendOptions {
  /** Null: none. The admin key unless given. */
  key?: string | null;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: RequestInit['body'];
  headers?: Record<string, string>;
}

export interface TestApi {
  url: string;
  port: number;
  adminKey: string;
  database: TestDatabase;
  deps: ApiDeps;
  get(path: string, options?: SendOptions): Promise<Answer>;
  post(path: string, json?: unknown, options?: SendOptions): Promise<Answer>;
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  /** A second organisation with a key of its own. */
  createOrganisation(name: string): Promise<{ id: string; key: string; teamId: string }>;
  defaultTeamId(): Promise<string>;
  /** What was logged as an error since the last call; what is left at `close` fails the test. */
  takeErrors(): Json[];
  /** The workflow of an incident has stored its opening: a moment after the answer that it is open. */
  begun(incidentId: string): Promise<void>;
  close(): Promise<void>;
}

/** Where nothing listens: Temporal is down. */
const nowhere = '127.0.0.1:1';

/** The real API over real HTTP and Postgres. Without `temporal` it finds no Temporal server. */
export async function startTestApi({
  temporal,
  ...overrides
}: { temporal?: TestTemporal } & Partial<Omit<ApiDeps, 'temporal'>> = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const { sql } = database;
  const adminKey = 'test-admin-key-of-32-characters-or-more';
  await ensureAdminKey(sql, adminKey);

  const errors: Json[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void errors.push(JSON.parse(line)) });
  const sealer = createSealer('test-secret-key-of-32-characters-or-more');
  const connection = temporal?.connection ?? Connection.lazy({ address: nowhere });
  const incidents = createIncidentStore(sql);
  const client = new Client({ connection });
  const workflows = createIncidentWorkflows(client, incidents.opening, temporal?.taskQueue);
  const migrations = await readMigrations(new URL('../../migrations/', import.meta.url));
  const deps: ApiDeps = {
    sql,
    logger,
    sealer,
    roles: ['query', 'command', 'gateway'],
    publicUrl: 'http://tocsin.test',
    trustedProxies: [],
    cursors: createCursors('test-secret-key-of-32-characters-or-more'),
    stores: {
      actionDefinitions: createActionDefinitionStore(sql, sealer),
      apiKeys: createApiKeyStore(sql),
      auditLog: createAuditLog(sql),
      backlog: createBacklogStore(sql),
      components: createComponentStore(sql),
      contactMethods: createContactMethodStore(sql, sealer),
      customFieldOptions: createCustomFieldOptionStore(sql),
      customFields: createCustomFieldStore(sql),
      deliveryReads: createDeliveryReads(sql),
      deliveryRepairs: createDeliveryRepairs(sql),
      deliveryStatistics: createDeliveryStatistics(sql),
      escalationPolicies: createEscalationPolicyStore(sql),
      events: createEventStore(sql, createBell(sql, logger), sealer),
      eventSamples: createEventSamples(sql),
      exports: createExportStore(sql),
      idempotencyKeys: createIdempotencyKeyStore(sql),
      incidentIoReads: createIncidentIoReads(sql),
      incidentReads: createIncidentReads(sql),
      incidents,
      incidentUpdates: createIncidentUpdates(sql),
      incidentRoles: createIncidentRoleStore(sql),
      incidentStatuses: createIncidentStatusStore(sql),
      incidentTypes: createIncidentTypeStore(sql),
      members: createMemberStore(sql),
      memberships: createIncidentMembershipStore(sql),
      merges: createMergeStore(sql),
      notificationPlans: createNotificationPlans(sql),
      notificationRules: createNotificationRuleStore(sql),
      notifications: createNotificationStore(sql, createBell(sql, logger)),
      organisations: createOrganisationStore(sql),
      overrides: createOverrideStore(sql),
      rulesets: createRulesetStore(sql),
      schedules: createScheduleStore(sql),
      severities: createSeverityStore(sql),
      statusPages: createStatusPageStore(sql),
      subscriptions: createSubscriptionStore(sql, sealer),
      targets: createTargetStore(sql),
      tasks: createTaskStore(sql),
      teams: createTeamStore(sql),
      users: createUserStore(sql),
      webhooks: createWebhookStore(sql, sealer),
    },
    workflows: {
      ...(temporal ? patient(workflows) : workflows),
      // No housekeeping starts here what could not be started in time.
      start: (state) => client.withDeadline(Date.now() + (temporal ? 30_000 : 2_000), () => workflows.start(state)),
    },
    temporal: createTemporalStatus(connection, 'default', temporal?.taskQueue),
    channels: createChannels({
      post: createPost({ allowedNetworks: ['127.0.0.0/8'] }),
      publicUrl: 'http://tocsin.test',
    }),
    targetRefusal: createAddressGuard({ allowedNetworks: ['127.0.0.0/8'] }).refusalOf,
    isMigrated: () => isMigrated(sql, migrations),
    ...overrides,
  };

  const server: Server = createHttpServer(createApp(deps).callback());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const send = async (method: string, path: string, options: SendOptions = {}): Promise<Answer> => {
    const { key = adminKey, json, body, headers = {} } = options;
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: json === undefined ? body : JSON.stringify(json),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('Content-Type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  };

  return {
    url,
    port,
    adminKey,
    database,
    deps,
    send,
    get: (path, options) => send('GET', path, options),
    post: (path, json, options) => send('POST', path, { json, ...options }),
    async createOrganisation(name) {
      const { status, body } = await send('POST', '/v1/organisation', { json: { name } });
      assert.equal(status, 201);
      return { id: body.id, key: body.api_key.key, teamId: body.default_team_id };
    },
    async defaultTeamId() {
      return (await send('GET', '/v1/organisation')).body.default_team_id;
    },
    takeErrors: () => errors.splice(0),
    async begun(incidentId) {
      const isStored = async () =>
        (await sql`SELECT FROM log_entries WHERE incident_id = ${incidentId} AND type = 'triggered'`).length > 0;
      await poll(isStored, { timeoutMs: 60_000, what: `the opening of ${incidentId} is stored` });
    },
    async close() {
      await closeHttpServer(server, 1_000);
      if (!temporal) await connection.close();
      await database.drop();
      assert.deepEqual(errors, [], 'the API logged errors');
    },
  };
}

/** The names of the faulty fields in a refusal, in alphabetical order. */
export function faultyFields(answer: Answer): string[] {
  return (answer.body.errors ?? []).map(({ field }: { field: string }) => field).sort();
}
