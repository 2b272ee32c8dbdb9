import { z } from 'zod';
import { Refusal } from '../../domain/error-code.ts';
import { viewerOf } from '../../stores/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { defineRoute, type Route } from '../route.ts';

const check = z.object({ status: z.enum(['ok', 'failing']) });
const backlogCheck = check.extend({ oldest_seconds: z.number().nullable() });

const healthCheck = z
  .object({
    status: z.enum(['ok', 'degraded']),
    checks: z.object({
      workers: check,
      events: backlogCheck,
      deliveries: backlogCheck,
      notifications: backlogCheck,
    }),
    incidents: z
      .object({ active: z.int(), resolved: z.int() })
      .optional()
      .meta({ description: "Of the key's organisation, as far as the key may see them; only with a key." }),
  })
  .meta({
    id: 'HealthCheck',
    examples: [
      {
        status: 'ok',
        checks: {
          workers: { status: 'ok' },
          events: { status: 'ok', oldest_seconds: null },
          deliveries: { status: 'ok', oldest_seconds: 3 },
          notifications: { status: 'ok', oldest_seconds: null },
        },
        incidents: { active: 2, resolved: 40 },
      },
    ],
  });

/** Work that waits longer than this is a fault. */
const longestWaitSeconds = 60;

export function createHealthRoutes(deps: ApiDeps): Route[] {
  const readChecks = cached(2_000, async () => {
    const [hasWorkers, backlog] = await Promise.all([deps.temporal.hasWorkers(), deps.stores.backlog.read()]);
    return {
      workers: { status: statusOf(hasWorkers) },
      events: waiting(backlog.oldestEventSeconds),
      deliveries: waiting(backlog.oldestDeliverySeconds),
      notifications: waiting(backlog.oldestNotificationSeconds),
    };
  });

  return [
    defineRoute({
      method: 'GET',
      path: '/v1/health-check',
      summary: 'Whether incidents are being handled',
      description:
        'Degraded (503) when no worker is at work, or when the oldest unevaluated event, due delivery or due notification has waited for over a minute.',
      tag: 'Operations',
      role: 'query',
      auth: 'optional',
      permission: 'view_data',
      responses: { 200: healthCheck, 503: healthCheck },
      refusals: [],
      handler: async ({ key }) => {
        const checks = await readChecks();
        const incidents = key
          ? await deps.stores.organisations.countIncidents(key.organisationId, viewerOf(key))
          : undefined;
        const isOk = Object.values(checks).every(({ status }) => status === 'ok');
        return isOk
          ? { status: 200, body: { status: 'ok' as const, checks, incidents } }
          : { status: 503, body: { status: 'degraded' as const, checks, incidents } };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/health',
      summary: 'Whether this process is alive',
      description: 'Asks nothing else, so that an outage of the database restarts nobody.',
      tag: 'Operations',
      role: 'operations',
      auth: 'none',
      responses: { 200: z.object({ status: z.literal('ok') }) },
      refusals: [],
      handler: async () => ({ status: 200, body: { status: 'ok' as const } }),
    }),
    defineRoute({
      method: 'GET',
      path: '/ready',
      summary: 'Whether this process can serve',
      description: 'Needs Postgres, all migrations and Temporal; `errors` of the 503 names what is missing.',
      tag: 'Operations',
      role: 'operations',
      auth: 'none',
      responses: { 200: z.object({ status: z.literal('ready') }) },
      refusals: [],
      handler: async () => {
        const [migrated, temporal] = await Promise.all([
          deps.isMigrated().then(
            (isMigrated) => (isMigrated ? [] : [{ field: 'migrations', message: 'are not all applied' }]),
            () => [{ field: 'postgres', message: 'does not answer' }],
          ),
          deps.temporal.isReachable(),
        ]);
        const missing = [...migrated, ...(temporal ? [] : [{ field: 'temporal', message: 'does not answer' }])];
        if (missing.length > 0) throw new Refusal('unavailable', 'Not ready.', missing);
        return { status: 200, body: { status: 'ready' as const } };
      },
    }),
  ];
}

function waiting(seconds: number | null) {
  const isLate = seconds !== null && seconds > longestWaitSeconds;
  return { status: statusOf(!isLate), oldest_seconds: seconds === null ? null : Math.max(0, Math.round(seconds)) };
}

function statusOf(isOk: boolean): 'ok' | 'failing' {
  return isOk ? 'ok' : 'failing';
}

/** Anybody may ask for the health check; what it reads is shared for a moment. A failure is not kept. */
function cached<T>(milliseconds: number, read: () => Promise<T>): () => Promise<T> {
  let current: { until: number; value: Promise<T> } | undefined;
  return () => {
    if (current && Date.now() < current.until) return current.value;
    const value = read();
    current = { until: Date.now() + milliseconds, value };
    value.catch(() => (current = undefined));
    return value;
  };
}
