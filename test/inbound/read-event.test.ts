import assert from 'node:assert/strict';
import { missing } from '../../src/domain/json/path.ts';
import { genericJson } from '../../src/inbound/generic-json.ts';
import { type RawEvent, readEvent } from '../../src/inbound/read-event.ts';
import type { Source } from '../../src/inbound/source.ts';

const raw = (body: string | Uint8Array, given: Partial<RawEvent> = {}): RawEvent => ({
  id: '019b2a5e-7c1f-7d30-9a52-3f0d8f3b5c11',
  webhookId: '7d9c40f4-5a2e-4d43-9b5c-6e0a2f6a7b11',
  webhookName: 'Probe',
  receivedAt: '2026-11-21T05:09:43.120000Z',
  body: Buffer.from(body),
  contentType: 'text/plain',
  ip: '192.0.2.7',
  headers: { 'x-source': 'probe' },
  tags: ['env:prod'],
  ...given,
});

describe('readEvent', () => {
  it('shows an occurrence with its payload, text, tags and metadata', () => {
    const { occurrences, reason } = readEvent(raw('{"a":1}'), genericJson);
    assert.equal(reason, null);
    const [{ subject, dedupKey } = assert.fail()] = occurrences;
    assert.equal(occurrences.length, 1);
    assert.equal(dedupKey, null);
    assert.deepEqual([subject.payload, subject.alert, subject.text()], [{ a: 1 }, { a: 1 }, '{"a":1}']);
    assert.deepEqual(subject.tags, ['env:prod']);
    assert.deepEqual(subject.metadata, {
      webhookId: '7d9c40f4-5a2e-4d43-9b5c-6e0a2f6a7b11',
      webhookName: 'Probe',
      ip: '192.0.2.7',
      contentType: 'text/plain',
      headers: { 'x-source': 'probe' },
      receivedAt: '2026-11-21T05:09:43.120000Z',
    });
  });

  it('makes an occurrence without payload of a body that is no JSON, and says why', () => {
    for (const [body, reason, text] of [
      ['', 'empty', ''],
      ['disk full', 'not_json', 'disk full'],
      [Buffer.from([0x64, 0xff, 0x65]), 'not_utf8', 'd\uFFFDe'],
      ['['.repeat(200), 'too_deep', '['.repeat(200)],
    ] as const) {
      const read = readEvent(raw(body), genericJson);
      assert.equal(read.reason, reason);
      assert.equal(read.occurrences.length, 1);
      const { subject } = read.occurrences[0]!;
      assert.deepEqual([subject.payload, subject.alert, subject.text()], [missing, missing, text]);
    }
  });

  it('adds the labels of a source to the tags of each occurrence', () => {
    const source: Source = {
      name: 'several',
      read: () => [
        {
          action: 'trigger' as const,
          alert: 1,
          dedupKey: 'one',
          labels: { severity: 'page' } as Record<string, string>,
          opening: null,
        },
        { action: 'trigger' as const, alert: 2, dedupKey: null, labels: {}, opening: null },
      ],
    };
    const { occurrences } = readEvent(raw('[]'), source);
    assert.deepEqual(
      occurrences.map(({ subject, dedupKey }) => [subject.alert, subject.tags, dedupKey]),
      [
        [1, ['env:prod', 'severity:page'], 'one'],
        [2, ['env:prod'], null],
      ],
    );
  });
});
