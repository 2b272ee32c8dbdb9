import type { TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot, Visibility } from '../../src/domain/incident/snapshot.ts';
import type { OutboundSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import type { ExampleSetting } from '../../src/outbound/example-cast.ts';
import { exampleIncident } from '../../src/outbound/example-incident.ts';

export const exampleSetting: ExampleSetting = {
  organisation: { id: '0199aaaa-0000-7000-8000-000000000002', name: 'Acme' },
  team: { id: '0199aaaa-0000-7000-8000-000000000007', number: 7, name: 'Acme Corp' },
  now: '2026-04-16T14:47:00.999Z',
};

/** A snapshot with every part filled in. */
export function fullSnapshot(type: TransitionType, visibility?: Visibility): IncidentSnapshot {
  return exampleIncident(type, exampleSetting, visibility);
}

const nasty = '\u0001"é🔔';
const long = nasty.repeat(20_000);

/** Where what can be stored is bounded closely enough to matter: characters, elements. */
const longest: Record<string, string> = {
  ...Object.fromEntries(
    'name description incidentKey severity priority error title message content resolution root_cause'
      .split(' ')
      .map((key) => [key, long]),
  ),
  email: nasty.repeat(50),
  number: nasty.repeat(20),
  url: `https://example.com/${'a'.repeat(2_028)}`,
  monitorUrl: `https://example.com/${'a'.repeat(2_028)}`,
};
const most: Record<string, number> = { acknowledgements: 1, pendingActions: 5, member_ids: 50, incident_ids: 50 };

/** Longer everywhere than anything that can be stored: each text that people write, each list. */
export function hostile(snapshot: OutboundSnapshot): OutboundSnapshot {
  const stretched = stretch(snapshot) as OutboundSnapshot;
  if (stretched.kind !== undefined) return stretched;
  const { incident, transition } = stretched;
  const details = { message: long, content: long, resolution: long, ...transition.details };
  return {
    ...stretched,
    incident: {
      ...incident,
      resolution: long,
      rootCause: long,
      mergedInto: { id: incident.id, number: 2, name: long },
    },
    transition: { ...transition, details },
  };
}

/** `context` the same: what a subscriber says of itself. */
export const hostileSubscription = { id: numberedId(1), name: long, description: long, url: longest['url']! };

function stretch(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const length = value.length && (most[key] ?? 300);
    return Array.from({ length }, (_, at) => numbered(stretch(value[0]), at));
  }
  if (typeof value === 'string') return longest[key] ?? value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, stretch(part, name)]));
}

/** Each element is another: the same number is the same member in every list. */
function numbered(element: unknown, at: number): unknown {
  if (typeof element === 'string') return /^[0-9a-f-]{36}$/.test(element) ? numberedId(at) : element;
  const one = element as Record<string, unknown>;
  return {
    ...one,
    ...('id' in one ? { id: numberedId(at) } : {}),
    ...('memberId' in one ? { memberId: numberedId(at) } : {}),
  };
}

function numberedId(at: number): string {
  return `0199dddd-0000-7000-8000-${String(at).padStart(12, '0')}`;
}
