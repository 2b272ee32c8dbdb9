import assert from 'node:assert/strict';
import { transitionTypes } from '../../src/domain/incident/log-entry.ts';
import { eventNameOf, transitionTypesOf, type RenderContext } from '../../src/outbound/dialect.ts';
import { dialectNames, dialects } from '../../src/outbound/index.ts';
import { sampleSnapshot } from '../support/transition.ts';

/** What every dialect keeps to; a new one is tested here as soon as it is registered. */
const context: RenderContext = {
  deliveryId: '0199aaaa-0000-7000-8000-00000000000d',
  attemptAt: '2026-04-16T14:47:03.500Z',
  publicUrl: 'https://tocsin.example.com',
};
const maxBodyBytes = 20_000;

describe('outbound/dialects', () => {
  it('are registered under their own names', () => {
    assert.deepEqual(dialectNames, ['standard', 'pulseapi']);
    for (const name of dialectNames) assert.equal(dialects[name]!.name, name);
    assert.equal(dialects['constructor'], undefined);
    assert.equal(dialects['__proto__'], undefined);
  });

  for (const name of dialectNames) {
    const dialect = dialects[name]!;
    const supported = transitionTypes.filter((type) => eventNameOf(dialect, type) !== undefined);
    const render = (type: (typeof transitionTypes)[number]) => dialect.render(sampleSnapshot(type), context);

    describe(name, () => {
      it('has event names of letters, digits, dots and underscores, each for one transition', () => {
        assert.ok(supported.length > 0);
        for (const [eventName, type] of Object.entries(dialect.events)) {
          assert.match(eventName, /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/);
          assert.ok(transitionTypes.includes(type));
        }
        assert.equal(new Set(Object.values(dialect.events)).size, Object.keys(dialect.events).length);
        assert.deepEqual(transitionTypesOf(dialect, Object.keys(dialect.events)).sort(), [...supported].sort());
        assert.deepEqual(transitionTypesOf(dialect, ['constructor', '__proto__', 'no.such']), []);
      });

      it('renders every transition it has an event for, as JSON that comes back the same', () => {
        for (const type of supported) {
          const { eventType, body } = render(type);
          assert.equal(eventType, eventNameOf(dialect, type));
          assert.deepEqual(JSON.parse(JSON.stringify(body)), body);
        }
      });

      it('renders what it has no event for never', () => {
        for (const type of transitionTypes)
          if (!supported.includes(type)) assert.throws(() => render(type), new RegExp(type));
      });

      it('answers the same for the same snapshot and leaves it alone', () => {
        for (const type of supported) {
          const snapshot = sampleSnapshot(type);
          const [one, two] = [dialect.render(snapshot, context), dialect.render(snapshot, context)];
          assert.deepEqual(one, two);
          assert.deepEqual(snapshot, sampleSnapshot(type));
        }
      });

      it('stays small however long the texts are', () => {
        const long = '\u0001"é🔔'.repeat(50_000);
        for (const type of supported) {
          const sample = sampleSnapshot(type);
          const { body } = dialect.render(
            {
              ...sample,
              incident: {
                ...sample.incident,
                name: long,
                description: long,
                incidentKey: long,
                resolution: long,
                rootCause: long,
                assignees: Array.from({ length: 1_000 }, () => sample.incident.assignees[0]!),
              },
              organisation: { ...sample.organisation, name: long },
              team: { ...sample.team, name: long },
              service: { ...sample.service, name: long },
              webhook: { ...sample.webhook!, name: long },
              check: { ...sample.check!, error: long },
              transition: { ...sample.transition, agent: { ...sample.transition.agent, name: long } },
            },
            context,
          );
          const bytes = Buffer.byteLength(JSON.stringify(body));
          assert.ok(bytes < maxBodyBytes, `${type}: ${bytes} bytes`);
          assert.doesNotMatch(JSON.stringify(body), /\\ud[89ab]/i, 'no character is cut in two');
        }
      });

      it('has the same keys whether values are there or not', () => {
        for (const type of supported) {
          const sample = sampleSnapshot(type);
          const bare = dialect.render(
            {
              ...sample,
              incident: {
                ...sample.incident,
                acknowledgedAt: null,
                resolution: null,
                rootCause: null,
                incidentKey: null,
              },
            },
            context,
          );
          assert.deepEqual(keysOf(bare.body), keysOf(dialect.render(sample, context).body));
        }
      });

      it('tells a subscriber nothing of other subscriptions', () => {
        const sample = sampleSnapshot('triggered');
        const subscriptionId = '0199bbbb-0000-7000-8000-0000000000ff';
        for (const type of supported) {
          const action = { id: 'a', type: 'trigger-webhook', trigger: 'manual', subscriptionId } as const;
          const { body } = dialect.render({ ...sample, transition: { ...sample.transition, type, action } }, context);
          assert.doesNotMatch(JSON.stringify(body), new RegExp(subscriptionId));
        }
      });
    });
  }
});

/** Dotted paths of all keys; of arrays those of the first element. */
function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : keysOf(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [`${path}.${key}`, ...keysOf(child, `${path}.${key}`)]);
}
