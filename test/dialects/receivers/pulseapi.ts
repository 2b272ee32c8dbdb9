import { z } from 'zod';
import { createEndpoint, seconds, standardWebhooksVerifier, text, url, type Endpoint } from './endpoint.ts';

const common = {
  id: z.int().positive(),
  title: text,
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  started_at: seconds,
  root_cause: z.string().nullable(),
};
const monitor = z.strictObject({ id: z.int().positive(), name: text, url, method: z.string().regex(/^[A-Z]+$/) });
const team = z.strictObject({ id: z.int().positive(), name: text });
const check = z.strictObject({
  status: z.literal('failed'),
  http_status_code: z.int().nullable(),
  response_time_ms: z.int().nullable(),
  error: z.string().nullable(),
  checked_at: seconds,
});

const created = z.strictObject({
  event: z.literal('incident.created'),
  triggered_at: seconds,
  incident: z.strictObject({
    ...common,
    status: z.literal('open'),
    acknowledged_at: z.null(),
    resolved_at: z.null(),
  }),
  monitor,
  check,
  team,
});

const resolved = z
  .strictObject({
    event: z.literal('incident.resolved'),
    triggered_at: seconds,
    incident: z.strictObject({
      ...common,
      status: z.literal('resolved'),
      acknowledged_at: seconds.nullable(),
      resolved_at: seconds,
      duration_seconds: z.int().min(0),
    }),
    monitor,
    team,
  })
  .refine(
    ({ incident }) => incident.duration_seconds === secondsBetween(incident.started_at, incident.resolved_at),
    'the duration is not what the times say',
  );

const message = z.discriminatedUnion('event', [created, resolved]);
type Message = z.output<typeof message>;

export interface PulseapiReceiver extends Endpoint {
  /** By their number. */
  incidents: Map<number, Message['incident']>;
  monitors: Map<number, Message['monitor']>;
}

export function createPulseapiReceiver({ secret }: { secret: string }): PulseapiReceiver {
  const incidents: PulseapiReceiver['incidents'] = new Map();
  const monitors: PulseapiReceiver['monitors'] = new Map();
  const endpoint = createEndpoint({
    verify: standardWebhooksVerifier(secret),
    take(body) {
      const { event, incident, monitor } = message.parse(body);
      incidents.set(incident.id, incident);
      monitors.set(monitor.id, monitor);
      return { event, subject: String(incident.id) };
    },
  });
  return { ...endpoint, incidents, monitors };
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1_000;
}
