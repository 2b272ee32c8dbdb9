import { createReceiver } from '../support/receiver.ts';
import type { Story } from '../support/story.ts';
import type { Endpoint } from './receivers/endpoint.ts';
import { createIncidentIoReceiver } from './receivers/incident-io-v2.ts';
import { createPagerdutyV1Receiver } from './receivers/pagerduty-v1.ts';
import { createPagerdutyV2Receiver } from './receivers/pagerduty-v2.ts';
import { createPagerdutyV3Receiver } from './receivers/pagerduty-v3.ts';
import { createPulseapiReceiver } from './receivers/pulseapi.ts';
import { createStandardReceiver } from './receivers/standard.ts';

const receivers = {
  standard: createStandardReceiver,
  pulseapi: createPulseapiReceiver,
  'pagerduty.v3': createPagerdutyV3Receiver,
  'pagerduty.v2': createPagerdutyV2Receiver,
  'pagerduty.v1': createPagerdutyV1Receiver,
  'incident.io.v2': createIncidentIoReceiver,
};
export type DialectName = keyof typeof receivers;
export const dialectNames = Object.keys(receivers) as DialectName[];

type Endpoints = { [Name in DialectName]: ReturnType<(typeof receivers)[Name]> };

export interface Subscribers {
  endpoints: Endpoints;
  /** Of the subscriptions. */
  ids: Record<DialectName, string>;
  close(): Promise<void>;
}

/**
 * A subscription to all events of each dialect, and behind it a receiver that speaks nothing but this dialect. Only that of
 * incident.io, which has words for them, hears of private incidents.
 */
export async function subscribeAll(story: Story): Promise<Subscribers> {
  const server = await createReceiver();
  const endpoints: Partial<Record<string, Endpoint>> = {};
  const ids: Partial<Record<DialectName, string>> = {};
  server.behave((request) => endpoints[request.path.slice(1)]?.answer(request) ?? { status: 404 });
  for (const name of dialectNames) {
    const url = `http://127.0.0.1:${server.port}/${name}`;
    const subscription = await story.done('/v1/subscription', {
      ...{ name: `To ${name}`, url, dialect: name },
      include_private: name === 'incident.io.v2',
    });
    endpoints[name] = receivers[name](subscription);
    ids[name] = subscription.id;
  }
  return { endpoints: endpoints as Endpoints, ids: ids as Record<DialectName, string>, close: server.close };
}
