import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { standard } from '../../src/outbound/standard.ts';
import type { Answer, Json } from './api.ts';
import { poll } from './poll.ts';
import type { TestProduct } from './product.ts';

/** All of the standard dialect that tells of incidents, and not of the webhooks and rulesets that a story makes. */
export const incidentEvents = Object.keys(standard.events).filter((event) => event.startsWith('incident.'));

export interface PostOptions {
  idempotencyKey?: string;
  /** Null: none. */
  key?: string | null;
}

/** What people and machines do with a running product, over HTTP alone. */
export interface Story {
  /** Whatever the status. Throws when there is no answer. */
  get(path: string): Promise<Answer>;
  post(path: string, json?: unknown, options?: PostOptions): Promise<Answer>;
  /** The body of the 2xx, by whatever method. */
  request(method: string, path: string, json?: unknown): Promise<Json>;
  /** Posts, and answers the body of the 2xx. */
  done(path: string, json?: unknown, options?: PostOptions): Promise<Json>;
  /** The same, repeated under one Idempotency-Key for as long as the answer is 503, as clients are told to. */
  insist(path: string, json?: unknown): Promise<Json>;
  /** All pages of a list. */
  list(path: string, noun: string): Promise<Json[]>;
  teamId(): Promise<string>;
  /** Answers the ids of a new webhook and of a ruleset for each of `cases`: an event `{case}` matches one of them. */
  cases<Case extends string>(
    cases: readonly Case[],
    settings?: Record<string, unknown>,
  ): Promise<{ webhookId: string; rulesets: Record<Case, string> }>;
  event(webhookId: string, payload: unknown): Promise<Answer>;
  /** Opens an incident by hand; no timers unless given. */
  open(fields?: Record<string, unknown>): Promise<Json>;
  subscribe(dialect: 'standard' | 'pulseapi', url: string, events?: string[]): Promise<{ id: string; secret: string }>;
  /** The incident once it has this status. */
  untilStatus(incidentId: string, status: string, timeoutMs?: number): Promise<Json>;
  /** The types of its log entries, oldest first. */
  log(incidentId: string): Promise<string[]>;
  /** Of a webhook, newest first, once none waits to be evaluated. */
  untilEvaluated(webhookId: string): Promise<Json[]>;
  /** Of a subscription, oldest first, once there are `count` or more and all are delivered. */
  untilDelivered(subscriptionId: string, count?: number): Promise<Json[]>;
  /** Waits until the API and what it needs answer. */
  ready(): Promise<void>;
}

/** `product` is asked at every call: after a restart it may be another one. */
export function createStory(product: () => Pick<TestProduct, 'url' | 'adminKey'>): Story {
  const send = async (method: string, path: string, json?: unknown, options: PostOptions = {}): Promise<Answer> => {
    const { url, adminKey } = product();
    const { key = adminKey, idempotencyKey } = options;
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      },
      body: json === undefined ? undefined : JSON.stringify(json),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  const get = (path: string) => send('GET', path);
  /** A command that was not confirmed in time is repeated under its key, as clients are told to: machines may be slow. */
  const request = async (method: string, path: string, json?: unknown, options?: PostOptions) => {
    const isCommand = method !== 'GET' && /^\/v1\/incident\/[0-9a-f-]{36}\b/.test(path);
    const keyed = isCommand ? { idempotencyKey: randomUUID(), ...options } : options;
    const attempt = async () => {
      const answer = await send(method, path, json, keyed);
      return !(answer.status === 503 && answer.body?.code === 'not_confirmed') && answer;
    };
    const answer = isCommand ? await poll(attempt, { timeoutMs: 60_000, everyMs: 200, what: path }) : await attempt();
    assert.ok(answer);
    assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const read = (path: string) => request('GET', path);
  const done = (path: string, json: unknown = {}, options?: PostOptions) => request('POST', path, json, options);

  const story: Story = {
    get,
    post: (path, json = {}, options) => send('POST', path, json, options),
    request: (method, path, json) => request(method, path, json),
    done,
    async insist(path, json = {}) {
      const idempotencyKey = randomUUID();
      const attempt = async () => {
        const answer = await send('POST', path, json, { idempotencyKey });
        return answer.status !== 503 && answer;
      };
      const { status, text, body } = await poll(attempt, {
        timeoutMs: 60_000,
        everyMs: 200,
        what: `${path} is served`,
      });
      assert.ok(status === 200 || status === 201, `POST ${path}: ${status} ${text}`);
      return body;
    },
    async list(path, noun) {
      const rows: Json[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Json = await read(`${path}?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
        rows.push(...page[noun]);
        cursor = page.next_cursor;
      }
      return rows;
    },
    teamId: async () => (await read('/v1/organisation')).default_team_id,
    async cases(cases, settings = {}) {
      const { id: webhookId } = await done('/v1/webhook', { name: 'Probes' });
      const teamId = await story.teamId();
      const create = async (name: string) => {
        const conditions = [{ type: 'json-check', key: 'case', operator: 'equal', values: [name] }];
        const about = { name, description: `Case ${name} was reported.`, urgency: 'high', webhook_id: webhookId };
        const common = { rule_type: 'webhook', level: 'team', team_id: teamId, conditions, ...about };
        return (await done('/v1/ruleset', { ...common, ...settings })).id as string;
      };
      const rulesets = await Promise.all(cases.map(async (name) => [name, await create(name)] as const));
      return { webhookId, rulesets: Object.fromEntries(rulesets) as Record<(typeof cases)[number], string> };
    },
    event: (webhookId, payload) => send('POST', `/v1/incident/webhook/${webhookId}`, payload, { key: null }),
    open: async (fields) =>
      done(`/v1/team/${await story.teamId()}/incident`, {
        name: 'Checkout is down',
        description: 'Orders fail with 503.',
        urgency: 'high',
        acknowledgement_timeout: null,
        auto_resolve_timeout: null,
        ...fields,
      }),
    subscribe: (dialect, url, events) => done('/v1/subscription', { name: dialect, url, dialect, events }),
    untilStatus: (incidentId, status, timeoutMs = 60_000) =>
      poll(
        async () => {
          const { body } = await get(`/v1/incident/${incidentId}`);
          return body?.status === status && body;
        },
        { timeoutMs, everyMs: 50, what: `incident ${incidentId} is ${status}` },
      ),
    log: async (id) => (await story.list(`/v1/incident/${id}/log`, 'log_entries')).map((entry) => entry.type),
    untilEvaluated: (webhookId) =>
      poll(
        async () => {
          const events = await story.list(`/v1/webhook/${webhookId}/events`, 'events');
          return events.every(({ status }) => status === 'evaluated') && events;
        },
        { timeoutMs: 60_000, everyMs: 100, what: 'every event is evaluated' },
      ),
    untilDelivered: (subscriptionId, count = 1) =>
      poll(
        async () => {
          const deliveries = await story.list(`/v1/subscription/${subscriptionId}/deliveries`, 'deliveries');
          const areSettled = deliveries.every(({ status }) => status === 'delivered');
          return deliveries.length >= count && areSettled && deliveries.reverse();
        },
        { timeoutMs: 90_000, everyMs: 100, what: 'everything is delivered' },
      ),
    async ready() {
      const isReady = async () => (await get('/ready').catch(() => undefined))?.status === 200;
      await poll(isReady, { timeoutMs: 60_000, everyMs: 50, what: 'the product is ready' });
    },
  };
  return story;
}
