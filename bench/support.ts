import autocannon from 'autocannon';
import { shardOf } from '../src/stores/doorbell.ts';
import type { Sql } from '../src/stores/sql.ts';
import type { TestProduct } from '../test/support/product.ts';

/** One line of the table. Without `ok` it only informs. */
export interface Row {
  name: string;
  measured: string;
  budget?: string;
  ok?: boolean;
}

/** What every benchmark gets: the running product and a connection to its Postgres. */
export interface Bench {
  product: TestProduct;
  sql: Sql;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of every shape
export type Json = any;

export interface Webhook {
  id: string;
  /** Where its events go. */
  url: string;
}

export interface Tenant {
  organisationId: string;
  teamId: string;
  key: string;
  post(path: string, body?: object): Promise<Json>;
  createWebhook(): Promise<Webhook>;
  /** Sends one event. */
  submit(webhook: Webhook, body: object): Promise<void>;
  createRuleset(overrides: object): Promise<void>;
  /** Of every incident's opening alone, so that one incident is one delivery. */
  subscribe(url: string): Promise<void>;
}

/** An organisation of a benchmark's own: rulesets and subscriptions of one never touch another. */
export async function createTenant({ url, adminKey }: TestProduct, name: string): Promise<Tenant> {
  const post = async (key: string, path: string, body: object = {}): Promise<Json> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  };
  const organisation = await post(adminKey, '/v1/organisation', { name: `Bench ${name}` });
  const { key } = organisation.api_key;
  const teamId = organisation.default_team_id;

  return {
    organisationId: organisation.id,
    teamId,
    key,
    post: (path, body) => post(key, path, body),
    async createWebhook() {
      const { id } = await post(key, '/v1/webhook', { name: 'Probe' });
      return { id, url: `${url}/v1/incident/webhook/${id}` };
    },
    async submit(webhook, body) {
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(webhook.url, { method: 'POST', headers, body: JSON.stringify(body) });
      if (response.status !== 201) throw new Error(`An event was answered ${response.status}`);
      await response.text();
    },
    async createRuleset(overrides) {
      const ruleset = { rule_type: 'webhook', conditions: [], level: 'team', team_id: teamId, urgency: 'high' };
      await post(key, '/v1/ruleset', { ...ruleset, name: 'Checkout is down', description: '', ...overrides });
    },
    async subscribe(receiverUrl) {
      const events = ['incident.triggered'];
      await post(key, '/v1/subscription', { name: 'Bench', url: receiverUrl, dialect: 'standard', events });
    },
  };
}

/** What a probe might send. */
export const sampleEvent = { status: 'down', region: 'eu-central-1', latency_ms: 1_234 };

/** Sends from 50 keep-alive clients; throws unless every answer was 2xx. */
export async function sendEvents(
  url: string,
  load: { amount: number } | { duration: number },
  body: object = sampleEvent,
) {
  const headers = { 'Content-Type': 'application/json' };
  const result = await autocannon({
    url,
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    connections: 50,
    ...load,
  });
  const accepted = result['2xx'];
  if (result.non2xx + result.errors > 0)
    throw new Error(`${url}: ${accepted} accepted, ${result.non2xx} refused, ${result.errors} failed`);
  return { accepted, perSecond: accepted / result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}

/** Resolves when every event of this webhook is evaluated. */
export async function evaluated(sql: Sql, webhookId: string): Promise<void> {
  await until(120_000, 'all events were evaluated', async () => {
    const [row] = await sql<{ waits: boolean }[]>`
      SELECT EXISTS (
        SELECT FROM events WHERE status = 'pending' AND shard = ${shardOf(webhookId)} AND webhook_id = ${webhookId}
      ) AS waits`;
    return !row!.waits;
  });
}

export async function until(timeoutMs: number, what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`);
    await sleep(25);
  }
}

/** Runs `work` for 0 … count - 1, `lanes` at a time. */
export async function inLanes(count: number, lanes: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

/** 12345.6 → `12,346`; below ten with one digit. */
export function format(value: number, digits = value < 10 ? 1 : 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
