import { transitionTypes } from '../domain/incident/log-entry.ts';
import { serviceChanges, type OutboundSnapshot } from '../domain/webhook/outbound-event.ts';
import type { Dialect, EventSource } from './dialect.ts';
import { fitting, standardFit, type Bounds } from './fitting.ts';
import { createCutter, type Cutter } from './standard/cutter.ts';
import { incidentData } from './standard/incident-data.ts';
import { serviceData } from './standard/service-data.ts';
import { assertStandsFor } from './stands-for.ts';

/**
 * Standard Webhooks 1.0 (https://www.standardwebhooks.com): `{type, timestamp, data}`, dotted types, snake_case. The
 * specification advises bodies under 20 KB, so long texts and lists are cut, and `truncated` names what was.
 */
export const standard: Dialect = {
  name: 'standard',
  events: {
    ...Object.fromEntries(transitionTypes.map((type): [string, EventSource] => [`incident.${type}`, { on: [type] }])),
    ...Object.fromEntries(
      serviceChanges.map((change): [string, EventSource] => [`service.${change}`, { service: change }]),
    ),
    'subscription.disabled': { subscription: 'disabled' },
  },
  ping: 'ping',
  signature: 'standard',
  render(event, snapshot) {
    assertStandsFor(standard, event, snapshot);
    const timestamp = snapshot.kind === undefined ? snapshot.transition.at : snapshot.at;
    return fitting((bounds) => ({ type: event, timestamp, data: dataOf(snapshot, bounds) }), standardFit);
  },
};

function dataOf(snapshot: OutboundSnapshot, bounds: Bounds): object {
  const cut = createCutter(bounds);
  const data = partsOf(snapshot, cut);
  return { ...data, truncated: cut.truncated };
}

function partsOf(snapshot: OutboundSnapshot, cut: Cutter): object {
  const { organisation } = snapshot;
  const of = { organisation: { id: organisation.id, name: cut.name('organisation.name', organisation.name) } };
  switch (snapshot.kind) {
    case 'service':
      return { ...of, ...serviceData(snapshot, cut) };
    case 'subscription': {
      const { id, name } = snapshot.subscription;
      return { ...of, subscription: { id, name: cut.name('subscription.name', name) }, reason: snapshot.reason };
    }
    case 'ping':
      return { ...of, message: cut.text('message', snapshot.message) };
    case 'membership':
    case 'action':
    case 'follow_up':
      throw new Error(`standard has no event for a ${snapshot.kind}`);
    case undefined:
      return incidentData(snapshot, cut);
  }
}
