import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { transitionTypes, type TransitionType } from '../../src/domain/incident/log-entry.ts';
import { serviceChanges, type OutboundSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import { planService, planTransition, type Dialect, type EventSource } from '../../src/outbound/dialect.ts';
import { exampleOf, examplePing } from '../../src/outbound/example-snapshot.ts';
import { dialectNames, dialects } from '../../src/outbound/index.ts';
import { exampleSetting, fullSnapshot, hostile, hostileSubscription } from '../support/example.ts';
import { renderContext } from '../support/render-context.ts';
import { sampleSnapshot } from '../support/transition.ts';

/** What every dialect keeps to; a new one is tested here as soon as it is registered, with the bytes its vendor promises. */
const maxBodyBytes: Record<string, number> = {
  standard: 20_000,
  pulseapi: 20_000,
  'incident.io.v2': 20_000,
  'pagerduty.v3': 55_000,
  'pagerduty.v2': 55_000,
  'pagerduty.v1': 55_000,
};

const guide = readFileSync(new URL('../../docs/guides/dialects.md', import.meta.url), 'utf8');
const ping = examplePing(exampleSetting);

describe('outbound/dialects', () => {
  it('are registered under their own names', () => {
    assert.deepEqual([...dialectNames].sort(), Object.keys(maxBodyBytes).sort());
    for (const name of dialectNames) assert.equal(dialects[name]!.name, name);
    assert.equal(dialects['constructor'], undefined);
    assert.equal(dialects['__proto__'], undefined);
  });

  for (const name of dialectNames) describe(name, () => holdToContract(dialects[name]!));
});

function holdToContract(dialect: Dialect) {
  const events = Object.entries(dialect.events);
  const render = (event: string, snapshot: OutboundSnapshot) => dialect.render(event, snapshot, renderContext);
  const example = (event: string) => exampleOf(dialect, event, exampleSetting).snapshot;
  const all = [...events.map(([event]) => event), dialect.ping];

  it('has event names of letters, digits, dots and underscores, and something that each stands for', () => {
    assert.ok(events.length > 0);
    assert.ok(!Object.hasOwn(dialect.events, dialect.ping));
    for (const event of all) assert.match(event, /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/);
    const planned = [
      ...transitionTypes.flatMap((type) => planTransition([dialect], detailed(type))),
      ...serviceChanges.flatMap((change) => planService([dialect], change)),
    ].map(({ event }) => event);
    const others = events.flatMap(([event, source]) =>
      'subscription' in source || 'incident' in source ? [event] : [],
    );
    assert.deepEqual([...new Set([...planned, ...others])].sort(), events.map(([event]) => event).sort());
  });

  it('has its events in the guide', () => {
    for (const name of [dialect.name, ...all]) assert.ok(guide.includes(`\`${name}\``), name);
  });

  it('renders an example of each event, as JSON that comes back the same', () => {
    for (const event of all) {
      const body = render(event, example(event));
      // Strict: what JSON drops or turns into null, as undefined, NaN and functions, differs.
      assert.deepEqual(JSON.parse(JSON.stringify(body)), body, event);
    }
  });

  it('renders every transition that an event stands for, and each of its items', () => {
    for (const [event, type, source] of transitionsOf(dialect)) {
      const snapshot = changing(fullSnapshot(type, source.visibility), source);
      const { details = {} } = snapshot.transition;
      const list = source.perItemOf === undefined ? [null] : details[source.perItemOf];
      assert.ok(Array.isArray(list) && list.length > 0, `${event} of ${type}`);
      const bodies = list.map((_, item) => dialect.render(event, snapshot, { ...renderContext, item }));
      for (const body of bodies) assert.deepEqual(JSON.parse(JSON.stringify(body)), body);
    }
  });

  it('renders what earlier releases stored', () => {
    for (const [event, type, source] of transitionsOf(dialect)) {
      if (source.visibility === 'private') continue;
      const stored = sampleSnapshot(type);
      // Without its details a transition is nothing that these stand for.
      const isOfDetails = source.perItemOf !== undefined || source.ifDetail?.[type] !== undefined;
      const details = isOfDetails ? { details: detailed(type).details } : {};
      const body = render(event, { ...stored, transition: { ...stored.transition, ...details } });
      assert.deepEqual(JSON.parse(JSON.stringify(body)), body, `${event} of ${type}`);
    }
  });

  it('throws for events it does not have, and for events that do not stand for the snapshot', () => {
    const snapshots = transitionTypes.map((type) => fullSnapshot(type));
    for (const event of ['constructor', '__proto__', 'no.such', ''])
      for (const snapshot of [ping, ...snapshots])
        assert.throws(() => render(event, snapshot), /does not stand for/, event);
    for (const [event, source] of events) {
      assert.throws(() => render(event, ping), event);
      assert.throws(() => render(dialect.ping, example(event)), event);
      for (const snapshot of snapshots)
        if (!('on' in source) || !source.on.includes(snapshot.transition.type))
          assert.throws(() => render(event, snapshot), `${event} of ${snapshot.transition.type}`);
      if ('incident' in source)
        for (const other of events.filter(
          ([, one]) => 'incident' in one && JSON.stringify(one) !== JSON.stringify(source),
        ))
          assert.throws(() => render(event, example(other[0])), `${event} of ${other[0]}`);
      if (!('on' in source)) continue;
      for (const type of Object.keys(source.ifDetail ?? {}) as TransitionType[])
        assert.throws(() => render(event, fullSnapshotWithoutDetails(type)), `${event} of ${type}`);
      if (source.visibility !== undefined) {
        const other = source.visibility === 'public' ? 'private' : 'public';
        assert.throws(() => render(event, fullSnapshot(source.on[0]!, other)), event);
      }
    }
  });

  it('answers the same for the same snapshot and leaves it alone', () => {
    for (const event of all) {
      const snapshot = frozen(example(event));
      assert.deepEqual(dialect.render(event, snapshot, frozen(renderContext)), render(event, snapshot));
    }
  });

  it('stays small however long the texts and lists are', () => {
    for (const event of all) {
      const context = { ...renderContext, subscription: hostileSubscription };
      const text = JSON.stringify(dialect.render(event, hostile(example(event)), context));
      assert.ok(Buffer.byteLength(text) <= maxBodyBytes[dialect.name]!, `${event}: ${Buffer.byteLength(text)} bytes`);
      assert.doesNotMatch(text, /\\ud[89ab]/i, 'no character is cut in two');
    }
  });

  it('writes times that can be read', () => {
    for (const event of all)
      for (const [path, value] of leavesOf(render(event, example(event)))) {
        const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value);
        if (isTime) assert.match(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/, path);
        if (/(_at|_on|\.at)$/.test(path) && value !== null) assert.ok(isTime, `${path}: ${String(value)}`);
        if (isTime) assert.ok(!Number.isNaN(Date.parse(value)), path);
      }
  });

  it('tells a subscriber nothing of other subscriptions', () => {
    const subscriptionId = '0199cccc-0000-7000-8000-0000000000ee';
    for (const [event, type, source] of transitionsOf(dialect)) {
      const snapshot = changing(fullSnapshot(type, source.visibility), source);
      const action = {
        id: renderContext.deliveryId,
        type: 'trigger-webhook',
        trigger: 'manual',
        subscriptionId,
      } as const;
      const body = render(event, { ...snapshot, transition: { ...snapshot.transition, action } });
      assert.doesNotMatch(JSON.stringify(body), new RegExp(subscriptionId));
    }
  });
}

function fullSnapshotWithoutDetails(type: TransitionType) {
  const snapshot = fullSnapshot(type);
  return { ...snapshot, transition: { ...snapshot.transition, details: {} } };
}

type TransitionSource = Extract<EventSource, { on: unknown }>;

function transitionsOf(dialect: Dialect): [string, TransitionType, TransitionSource][] {
  return Object.entries(dialect.events).flatMap(([event, source]) =>
    'on' in source ? source.on.map((type): [string, TransitionType, TransitionSource] => [event, type, source]) : [],
  );
}

function detailed(type: TransitionType) {
  return { type, details: fullSnapshot(type).transition.details ?? {} };
}

/** The same with another status before, where the event is only for changes of it. */
function changing(snapshot: ReturnType<typeof fullSnapshot>, { ifStatusChanged }: TransitionSource) {
  const { incident, transition } = snapshot;
  if (!ifStatusChanged || transition.previousStatus !== incident.status) return snapshot;
  const previousStatus = incident.status === 'triggered' ? ('acknowledged' as const) : ('triggered' as const);
  return { ...snapshot, transition: { ...transition, previousStatus } };
}

function leavesOf(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, `${path}.${key}`));
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
