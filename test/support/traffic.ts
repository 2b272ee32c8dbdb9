import { randomUUID } from 'node:crypto';
import type { Answer } from './api.ts';
import type { Story } from './story.ts';

export interface TrafficOptions {
  webhookId: string;
  /** What the events report. */
  cases: readonly string[];
  random: () => number;
  /** Requests at a time. */
  lanes?: number;
}

/** Senders and people at work, and what they were told. */
export interface Traffic {
  /** Ids of the events answered 201, with their case. */
  events: Map<string, string>;
  /** Ids of the incidents opened by hand. */
  opened: Set<string>;
  /** By incident: acknowledgements that were confirmed, and those that nobody knows of. */
  acknowledged: Map<string, { confirmed: number; unknown: number }>;
  /** By incident: the root cause of the resolve that was confirmed. */
  resolved: Map<string, string>;
  /** How often the answer was "not now" (503). */
  notNow: number;
  /** Answers that no fault excuses. */
  wrong: string[];
  /** Works until `signal` aborts; while nobody answers it tries again. */
  run(signal: AbortSignal): Promise<void>;
}

export function createTraffic(story: Story, { webhookId, cases, random, lanes = 3 }: TrafficOptions): Traffic {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
  const traffic: Traffic = {
    events: new Map(),
    opened: new Set(),
    acknowledged: new Map(),
    resolved: new Map(),
    notNow: 0,
    wrong: [],
    async run(signal) {
      await Promise.all(Array.from({ length: lanes }, () => lane(signal)));
    },
  };

  /** The answer when it is one of `good`; undefined when there was none, or when it tells to come again. */
  const ask = async (request: Promise<Answer>, good: number[]): Promise<Answer | undefined> => {
    const answer = await request.catch(() => undefined);
    if (!answer) return undefined;
    const isNotNow = answer.status === 503 && answer.headers.has('Retry-After');
    if (isNotNow) traffic.notNow++;
    else if (!good.includes(answer.status)) traffic.wrong.push(`${answer.status} ${answer.text}`);
    return good.includes(answer.status) ? answer : undefined;
  };

  const report = async () => {
    const name = pick(cases);
    const answer = await ask(story.event(webhookId, { case: name }), [201]);
    if (answer) traffic.events.set(answer.body.id, name);
  };

  const open = async () => {
    const seconds = pick([2, 4, null]);
    const request = story.open({ name: 'By hand', auto_resolve_timeout: seconds }).then(
      (body) => traffic.opened.add(body.id),
      () => undefined,
    );
    await request;
  };

  const command = async () => {
    const listed = await ask(story.get('/v1/organisation/incidents?limit=20'), [200]);
    if (!listed || listed.body.incidents.length === 0) return;
    const { id } = pick<{ id: string }>(listed.body.incidents);
    const idempotencyKey = randomUUID();
    if (random() < 0.6) {
      const answer = await ask(story.post(`/v1/incident/${id}/acknowledge`, {}, { idempotencyKey }), [200, 409]);
      const tally = traffic.acknowledged.get(id) ?? { confirmed: 0, unknown: 0 };
      if (answer?.status === 200) tally.confirmed++;
      else if (!answer) tally.unknown++;
      traffic.acknowledged.set(id, tally);
    } else {
      const rootCause = randomUUID();
      const body = { root_cause: rootCause };
      const answer = await ask(story.post(`/v1/incident/${id}/resolve`, body, { idempotencyKey }), [200, 409]);
      if (answer?.status === 200) traffic.resolved.set(id, rootCause);
    }
  };

  const lane = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      const chance = random();
      await (chance < 0.75 ? report() : chance < 0.82 ? open() : command());
      // Nobody types faster, and a lane that gets no answer must not spin.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  return traffic;
}
