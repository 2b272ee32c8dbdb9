import assert from 'node:assert/strict';
import fc from 'fast-check';
import { urgencies } from '../../src/domain/incident/incident.ts';
import { parseJson } from '../../src/domain/json/parse-json.ts';
import { genericJson } from '../../src/inbound/generic-json.ts';
import { sources } from '../../src/inbound/index.ts';
import { longestLabelName, longestLabelValue, mostLabels } from '../../src/inbound/labels.ts';
import { occurrenceActions, type Source, sourceNames } from '../../src/inbound/source.ts';
import { allSamples, samplesOf } from '../support/samples.ts';

/** What cannot be stored, what is longer than any bound, what reads as nothing, and what means something in JavaScript. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('\0', '\ud800', '\udc00', '😀', ' ', '\n', 'a', 'é'), { maxLength: 8 })
    .map((all) => all.join('')),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    'toString',
    'resolved',
    'javascript:alert(1)',
    'https://a.example/\n',
  ),
  fc.constantFrom('x', '😀', ' ', '\0', '\n').map((character) => character.repeat(20_000)),
);
const scalar = fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null));
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
}));

for (const name of sourceNames)
  describe(`inbound ${name}`, () => {
    const source = sources[name];
    const samples = samplesOf(name);
    /** A sample with anything at all in one of its places. */
    const spoiled = fc
      .tuple(fc.constantFrom(...Object.values(samples)), fc.nat(), anything)
      .map(([sample, place, value]) => withAnother(sample, place, value));

    it('reads any JSON value within the bounds', () => {
      fc.assert(fc.property(anything, (payload) => assertWithinBounds(source, payload)));
    });

    it('reads its own format with anything in any place within the bounds', () => {
      fc.assert(
        fc.property(spoiled, (payload) => assertWithinBounds(source, payload)),
        { numRuns: 500 },
      );
    });

    it('answers the same for the same payload, and leaves it alone', () => {
      fc.assert(
        fc.property(fc.oneof(anything, spoiled), (payload) => {
          const before = structuredClone(payload);
          assert.deepEqual(source.read(payload), source.read(payload));
          assert.deepEqual(payload, before);
        }),
      );
    });

    it('reads what is not its format as generic JSON', () => {
      const foreign = allSamples
        .filter((other) => other.source !== name)
        .flatMap((other) => Object.values(other.samples));
      for (const payload of [...foreign, null, 0, '', [], {}, { alerts: [] }, [samples]])
        assert.deepEqual(source.read(payload), genericJson.read(payload));
    });

    it('reads whatever a body can hold at most', () => {
      const long = 'y'.repeat(500_000);
      const members = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`label ${index}`, index]));
      let deep: unknown = 'deep';
      for (let depth = 0; depth < 100; depth++) deep = depth % 2 === 0 ? [deep] : { deep };
      for (const sample of Object.values(samples))
        for (let place = 0; place < placesOf(sample).length; place++)
          for (const value of [long, members, deep]) assertWithinBounds(source, withAnother(sample, place, value));
    });

    it('takes members named after parts of JavaScript for members', () => {
      for (const sample of Object.values(samples)) {
        const parsed = parseJson(Buffer.from(JSON.stringify(withTrickyNames(sample))));
        assert.ok('value' in parsed);
        assertWithinBounds(source, parsed.value);
      }
    });

    it('bears the name it is registered under', () => assert.equal(source.name, name));
  });

describe('inbound sources', () => {
  it('have samples, each of which is one of theirs', () => {
    for (const { source, samples } of allSamples.filter((other) => other.source !== 'generic-json')) {
      assert.ok(Object.keys(samples).length >= 4, source);
      for (const [title, payload] of Object.entries(samples))
        assert.notDeepEqual(sources[source].read(payload), genericJson.read(payload), `${source}: ${title}`);
    }
  });
});

function assertWithinBounds(source: Source, payload: unknown): void {
  const occurrences = source.read(payload);
  assert.ok(occurrences.length >= 1);
  for (const { action, alert, dedupKey, labels, opening } of occurrences) {
    assert.ok(occurrenceActions.includes(action));
    assert.ok(alert !== undefined);
    if (dedupKey !== null) assertText(dedupKey, 255);
    assert.ok(Object.keys(labels).length <= mostLabels);
    for (const [name, value] of Object.entries(labels)) {
      assertText(name, longestLabelName);
      assertText(value, longestLabelValue);
    }
    if (opening === null) continue;
    assert.equal(action, 'trigger');
    assertText(opening.name, 255);
    assert.match(opening.name, /^\S(.*\S)?$/u);
    assert.ok(opening.description.length <= 15_000);
    assert.doesNotMatch(opening.description, unstorable);
    assert.ok(urgencies.includes(opening.urgency));
    if (opening.severity !== null) assertText(opening.severity, 64);
  }
}

const unstorable = /[\0\p{Surrogate}]/u;

function assertText(text: string, longest: number): void {
  assert.ok(text.length >= 1 && text.length <= longest, `${text.length} characters of ${longest}`);
  assert.doesNotMatch(text, unstorable);
}

type Place = (string | number)[];

/** Of every value within, the whole one first. */
function placesOf(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...members.flatMap(([name, member]) => placesOf(member, [...at, name]))];
}

/** A copy with `value` in one of its places, which are counted around. */
function withAnother(sample: unknown, place: number, value: unknown): unknown {
  const places = placesOf(sample);
  const at = places[place % places.length] ?? [];
  const last = at.at(-1);
  if (last === undefined) return value;
  const copy = structuredClone(sample);
  let holder = copy as Record<string | number, unknown>;
  for (const name of at.slice(0, -1)) holder = holder[name] as Record<string | number, unknown>;
  holder[last] = value;
  return copy;
}

/** With further members in each object. */
function withTrickyNames(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withTrickyNames);
  const members = Object.entries(value).map(([name, member]) => [name, withTrickyNames(member)]);
  return Object.fromEntries([['__proto__', 'x'], ['constructor', { prototype: 1 }], ['toString', 1e30], ...members]);
}
