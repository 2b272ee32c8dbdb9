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
import { createBacklogStore } from '../../src/stores/backlog.ts';
import { createContactMethodStore } from '../../src/stores/contact-methods.ts';
import { createDeliveryReads } from '../../src/stores/delivery-reads.ts';
import { createDeliveryRepairs } from '../../src/stores/delivery-repairs.ts';
import { createDeliveryStatistics } from '../../src/stores/delivery-statistics.ts';
import { createBell } from '../../src/stores/doorbell.ts';
import { createEscalationPolicyStore } from '../../src/stores/escalation-policies.ts';
import { createEventSamples } from '../../src/stores/event-samples.ts';
import { createEventStore } from '../../src/stores/events.ts';
import { createIdempotencyKeyStore } from '../../src/stores/idempotency-keys.ts';
import { createIncidentReads } from '../../src/stores/incident-reads.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
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
import { createComponentStore } from '../../src/stores/status-page-components.ts';
import { createStatusPageStore } from '../../src/stores/status-pages.ts';
import { createSubscriptionStore } from '../../src/stores/subscriptions.ts';
import { createTargetStore } from '../../src/stores/targets.ts';
import { createTeamStore } from '../../src/stores/teams.ts';
import { createWebhookStore } from '../../src/stores/webhooks.ts';
import { createIncidentWorkflows } from '../../src/temporal/incidents.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
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
      backlog: createBacklogStore(sql),
      components: createComponentStore(sql),
      contactMethods: createContactMethodStore(sql, sealer),
      deliveryReads: createDeliveryReads(sql),
      deliveryRepairs: createDeliveryRepairs(sql),
      deliveryStatistics: createDeliveryStatistics(sql),
      escalationPolicies: createEscalationPolicyStore(sql),
      events: createEventStore(sql, createBell(sql, logger), sealer),
      eventSamples: createEventSamples(sql),
      idempotencyKeys: createIdempotencyKeyStore(sql),
      incidentReads: createIncidentReads(sql),
      incidents,
      members: createMemberStore(sql),
      merges: createMergeStore(sql),
      notificationPlans: createNotificationPlans(sql),
      notificationRules: createNotificationRuleStore(sql),
      notifications: createNotificationStore(sql, createBell(sql, logger)),
      organisations: createOrganisationStore(sql),
      overrides: createOverrideStore(sql),
      rulesets: createRulesetStore(sql),
      schedules: createScheduleStore(sql),
      statusPages: createStatusPageStore(sql),
      subscriptions: createSubscriptionStore(sql, sealer),
      targets: createTargetStore(sql),
      teams: createTeamStore(sql),
      webhooks: createWebhookStore(sql, sealer),
    },
    workflows: {
      ...workflows,
      start: (state) => client.withDeadline(Date.now() + 2_000, () => workflows.start(state)),
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
