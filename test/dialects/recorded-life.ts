import assert from 'node:assert/strict';
import { poll } from '../support/poll.ts';
import { createReceiver } from '../support/receiver.ts';
import type { Story } from '../support/story.ts';
import type { Json } from '../support/api.ts';
import { createScene, probeEvent, type Scene, type Sources } from './scene.ts';
import { dialectNames, type DialectName } from './subscribers.ts';

/** What is set while it goes on, besides what was set before. */
export interface LifeSources extends Sources {
  key: string;
  check: { status: number; ms: number; error: string };
  priority: string;
  bridge: { number: string; url: string };
  note: string;
  statusUpdate: string;
  help: string;
  rootCause: string;
  subscription: { name: string; description: string };
}

export interface RecordedLife {
  sources: LifeSources;
  scene: Scene;
  incident: { id: string; number: number };
  /** From its opening to its end, each cut to its second. */
  seconds: number;
  teamNumber: number;
  subscriptionIds: Record<DialectName, string>;
  endpointUrl: (name: DialectName) => string;
  /** The payload of a dialect's event; `nth` counts from 0 among those of the same event. */
  payload(name: DialectName, event: string, nth?: number): Json;
}

/** An incident of a team of its own, told to this team's subscriptions, with an event of every kind that samples show. */
export async function recordLife(story: Story, sources: LifeSources, atLeastSeconds = 0): Promise<RecordedLife> {
  const scene = await createScene(story, sources);
  const server = await createReceiver();
  const endpointUrl = (name: DialectName) =>
    `http://127.0.0.1:${server.port}/${name}/${encodeURIComponent(sources.key)}`;
  const subscriptionIds = {} as RecordedLife['subscriptionIds'];
  for (const dialect of dialectNames) {
    const filter = { type: 'team', id: scene.teamId };
    const given = { ...sources.subscription, url: endpointUrl(dialect), dialect, filter };
    subscriptionIds[dialect] = (await story.done('/v1/subscription', given)).id;
  }
  await scene.createRuleset();
  const { id: eventId } = (await story.event(scene.webhook.id, probeEvent(sources.key, sources.check))).body;
  const incidentId: string = await poll(
    async () => (await story.request('GET', `/v1/event/${eventId}`)).matches[0]?.incident_id,
  );
  const [ada, ben, cem] = scene.memberIds;
  const by = { by: ada };
  const member = (id: string) => ({ type: 'member', id });
  const command = (name: string, body: Json) => story.insist(`/v1/incident/${incidentId}/${name}`, body);
  await command('conference-bridge', { ...by, ...sources.bridge });
  await command('acknowledge', by);
  await story.request('PUT', `/v1/incident/${incidentId}`, { ...by, assignees: [member(cem)] });
  await command('unacknowledge', by);
  await command('escalate', by);
  await command('reassign', { ...by, assignees: [member(cem)] });
  await command('delegate', { ...by, escalation_policy_id: scene.policyIds[1] });
  await command('priority', { ...by, priority: sources.priority });
  await command('note', { ...by, content: sources.note });
  await command('status-update', { ...by, message: sources.statusUpdate });
  await command('responder', { ...by, member_id: ben, message: sources.help });
  await command('acknowledge', by);
  const { created_at: opened } = await story.request('GET', `/v1/incident/${incidentId}`);
  await poll(() => Date.now() >= Date.parse(opened) + atLeastSeconds * 1_000);
  const incident = await command('resolve', { ...by, root_cause: sources.rootCause });
  await story.request('PUT', `/v1/ruleset/${scene.ruleset.id}`, { description: `${sources.ruleset.description}!` });

  const payloads = () =>
    server.requests.map(({ path, body }) => ({ dialect: path.split('/')[1], body: JSON.parse(body) }));
  const found = (name: DialectName, event: string) =>
    payloads().filter(({ dialect, body }) => dialect === name && eventOf(body) === event);
  await poll(() => found('pagerduty.v3', 'service.updated').length > 0, { what: 'the last event arrives' });
  await Promise.all(Object.values(subscriptionIds).map((id) => story.untilDelivered(id)));
  await server.close();
  return {
    sources,
    scene,
    incident,
    seconds: toSeconds(incident.resolved_at) - toSeconds(incident.created_at),
    teamNumber: (await story.request('GET', `/v1/team/${scene.teamId}`)).number,
    subscriptionIds,
    endpointUrl,
    payload(name, event, nth = 0) {
      const payload = found(name, event)[nth]?.body;
      assert.ok(payload, `${name} was told no ${event}`);
      return payload;
    },
  };
}

function eventOf(body: Json): string {
  const message = body.messages?.[0];
  return body.event?.event_type ?? body.event_type ?? message?.event ?? message?.type ?? body.event ?? body.type;
}

function toSeconds(at: string): number {
  return Math.floor(Date.parse(at) / 1_000);
}
