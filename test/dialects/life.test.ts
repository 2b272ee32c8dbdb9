import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createStory } from '../support/story.ts';
import { lifeSteps, type Subjects } from './life-steps.ts';
import { ulidOf, viewsOf } from './mirrors.ts';
import { incidentIoEvents } from './receivers/incident-io-v2.ts';
import { pagerdutyV1Events } from './receivers/pagerduty-v1.ts';
import { pagerdutyV2Events } from './receivers/pagerduty-v2.ts';
import { pagerdutyV3Events } from './receivers/pagerduty-v3.ts';
import { createScene, deleteFirstRulesets, roundTheClock, type Scene } from './scene.ts';
import { dialectNames, subscribeAll, type Subscribers } from './subscribers.ts';
import { whatIsTold, type Happening } from './what-is-told.ts';

/**
 * A receiver per dialect, written from the vendors' documentation alone, accepts the whole life of an incident: nothing is
 * refused, nothing comes twice, each hears exactly what its dialect has words for, in order, and ends in the state that
 * our API shows.
 */
describe('dialects/life', function () {
  this.timeout(180_000);
  let product: TestProduct;
  let scene: Scene;
  let subscribers: Subscribers;
  const story = createStory(() => product);

  const subjects: Subjects = new Map();
  const happened: [subject: string, what: Happening][] = [];

  before(async () => {
    product = await startProduct();
    await deleteFirstRulesets(story);
    scene = await createScene(story, {
      team: 'Payments',
      members: ['Ada', 'Ben', 'Cem', 'Dan'],
      policies: ['Checkout', 'Database'],
      webhook: {
        name: 'Checkout probe',
        description: 'Buys a sock every minute.',
        monitor_url: 'https://shop.example.com/checkout',
        monitor_method: 'GET',
      },
      ruleset: {
        name: 'Checkout is failing ({{payload.key}})',
        description: 'Orders fail with {{payload.check.status}}.',
        urgency: 'medium',
        severity: 'SEV2',
        priority: 'P3',
        acknowledgement_timeout: 1_800,
        auto_resolve_timeout: 14_400,
        support_hours: roundTheClock('medium', 'Europe/Berlin'),
      },
    });
    subscribers = await subscribeAll(story);
  });
  after(async () => {
    await product.killAll();
    await subscribers.close();
    await removeDataDir(product.dataDir);
  });

  for (const { does, how, tells } of lifeSteps(story, () => scene, subjects))
    it(does, async () => {
      const heardBefore = Object.fromEntries(
        dialectNames.map((name) => [name, subscribers.endpoints[name].told.length]),
      );
      await how();
      for (const tell of tells) happened.push(typeof tell === 'string' ? ['main', tell] : tell);
      await poll(() => isDeepStrictEqual(told(), expected()), { timeoutMs: 60_000 }).catch(() =>
        assert.deepEqual({ told: told(), refused: refusals() }, { told: expected(), refused: [] }),
      );
      assert.deepEqual(refusals(), []);
      await assertMirrored(heardBefore);
    });

  it('has reached every event that the vendors document', () => {
    const heard = (name: (typeof dialectNames)[number]) => [
      ...new Set(subscribers.endpoints[name].told.map(({ event }) => event)),
    ];
    const sinceAdded = 'incident.conference_bridge.updated';
    assert.deepEqual(heard('pagerduty.v3').sort(), [...pagerdutyV3Events, sinceAdded].sort());
    assert.deepEqual(heard('pagerduty.v2').sort(), [...pagerdutyV2Events].sort());
    assert.deepEqual(heard('pagerduty.v1').sort(), [...pagerdutyV1Events].sort());
    assert.deepEqual(heard('pulseapi').sort(), ['incident.created', 'incident.resolved']);
    assert.deepEqual(heard('incident.io.v2').sort(), [...incidentIoEvents].sort());
  });

  it('was answered 2xx every time, at the first attempt, and told nothing twice', async () => {
    for (const name of dialectNames) {
      const { told, repeated } = subscribers.endpoints[name];
      const deliveries = await story.untilDelivered(subscribers.ids[name], told.length);
      assert.deepEqual([repeated, deliveries.length], [[], told.length], name);
      for (const { attempts } of deliveries)
        assert.deepEqual(
          attempts.map(({ outcome, status_code }: Json) => [outcome, status_code]),
          [['success', 204]],
        );
    }
  });

  it('tells PagerDuty’s receivers who was asked, what was written and how the service does', () => {
    const { id } = subjects.get('main')!;
    const { notes, statusUpdates, responders, services } = subscribers.endpoints['pagerduty.v3'];
    assert.deepEqual(notes.get(id), ['It is DNS.']);
    assert.deepEqual(statusUpdates.get(id), ['We are on it.']);
    assert.deepEqual(responders.get(id), { [scene.memberIds[1]]: 'accepted' });
    assert.equal(services.size, 0);
    const entries = subscribers.endpoints['pagerduty.v2'].logEntries.get(id)!;
    assert.equal(entries.filter(({ type }) => type === 'escalate_log_entry').length, 2);
  });

  /** A line for each dialect and subject: its events in order of arrival. */
  function told(): string[] {
    return lines((name) => subscribers.endpoints[name].told.map(({ subject, event }) => [nameOf(subject), event]));
  }

  function expected(): string[] {
    return lines((name) =>
      happened.flatMap(([subject, what]) => whatIsTold[what][name].map((event): [string, string] => [subject, event])),
    );
  }

  function lines(pairsOf: (name: (typeof dialectNames)[number]) => [subject: string, event: string][]): string[] {
    return dialectNames.flatMap((name) => {
      const bySubject = new Map<string, string[]>();
      for (const [subject, event] of pairsOf(name)) bySubject.set(subject, [...(bySubject.get(subject) ?? []), event]);
      return [...bySubject].map(([subject, events]) => `${name}, ${subject}: ${events.join(' ')}`).sort();
    });
  }

  function nameOf(subject: string): string {
    for (const [name, { id, number }] of subjects) if ([id, ulidOf(id), String(number)].includes(subject)) return name;
    return `${subject} that no step knows`;
  }

  function refusals() {
    return dialectNames.flatMap((name) => subscribers.endpoints[name].refused.map((reason) => `${name}: ${reason}`));
  }

  /** Whatever a receiver has just heard agrees with the API; what it was not told of may be older. */
  async function assertMirrored(heardBefore: Record<string, number>) {
    for (const [subject, { id }] of subjects) {
      if (subject === 'service') continue;
      const views = viewsOf(subscribers, await story.request('GET', `/v1/incident/${id}`), scene);
      for (const dialect of dialectNames) {
        const heard = subscribers.endpoints[dialect].told.slice(heardBefore[dialect]);
        if (!heard.some((one) => nameOf(one.subject) === subject && carriesIncident(dialect, one.event))) continue;
        const { api, receiver } = views[dialect]!;
        assert.deepEqual(receiver, api, `${dialect} of ${subject}`);
      }
    }
  }
});

/** V3 tells of notes, status updates, responders and bridges without the incident, incident.io of a private one's id alone. */
function carriesIncident(dialect: string, event: string): boolean {
  if (event.startsWith('private_incident.')) return false;
  return dialect !== 'pagerduty.v3' || !/annotated|status_update|responder|bridge/.test(event);
}
