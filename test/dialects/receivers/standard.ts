import { z } from 'zod';
import { createEndpoint, milliseconds, standardWebhooksVerifier, text, type Endpoint } from './endpoint.ts';

/** Standard Webhooks advises `{type, timestamp, data}`, dots between the parts of a type. */
const envelope = z.strictObject({
  type: z.string().regex(/^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+$/),
  timestamp: milliseconds,
  data: z.looseObject({}),
});
/** The incident as the API shows it. */
const incident = z.looseObject({
  id: z.uuid(),
  number: z.int(),
  reference: z.string().regex(/^INC-\d+$/),
  name: text,
  description: z.string(),
  status: z.enum(['triggered', 'acknowledged', 'resolved']),
  urgency: z.enum(['low', 'medium', 'high']),
  severity: z.string().nullable(),
  priority: z.string().nullable(),
  assignees: z.array(z.looseObject({ type: z.enum(['member', 'team', 'schedule']), id: z.uuid() })),
  incident_key: z.string().nullable(),
  created_at: milliseconds,
  acknowledged_at: milliseconds.nullable(),
  resolved_at: milliseconds.nullable(),
  resolution: z.string().nullable(),
  root_cause: z.string().nullable(),
  responders: z.array(
    z.looseObject({ member_id: z.uuid(), name: text, state: z.enum(['pending', 'accepted', 'declined']) }),
  ),
  merged_into: z.looseObject({ id: z.uuid(), number: z.int(), name: text }).nullable(),
});
const service = z.looseObject({ id: z.uuid(), name: text });

export interface StandardReceiver extends Endpoint {
  incidents: Map<string, z.output<typeof incident>>;
  services: Map<string, z.output<typeof service>>;
}

export function createStandardReceiver({ secret }: { secret: string }): StandardReceiver {
  const incidents: StandardReceiver['incidents'] = new Map();
  const services: StandardReceiver['services'] = new Map();
  const endpoint = createEndpoint({
    verify: standardWebhooksVerifier(secret),
    take(body) {
      const { type, data } = envelope.parse(body);
      if (type.startsWith('incident.')) {
        const given = incident.parse(data['incident']);
        incidents.set(given.id, given);
        return { event: type, subject: given.id };
      }
      if (!/^service\.(created|updated|deleted)$/.test(type)) throw new Error(`unknown event ${type}`);
      const given = service.parse(data['service']);
      if (type === 'service.deleted') services.delete(given.id);
      else services.set(given.id, given);
      return { event: type, subject: given.id };
    },
  });
  return { ...endpoint, incidents, services };
}
