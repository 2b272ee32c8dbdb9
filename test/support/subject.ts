import { missing } from '../../src/domain/json/path.ts';
import type { Metadata, Subject } from '../../src/domain/ruleset/condition.ts';

/** What conditions look at: `payload` is its only alert, and its JSON the body, unless given otherwise. */
export function subjectOf(
  payload: unknown,
  {
    body,
    metadata,
    ...given
  }: Partial<Omit<Subject, 'metadata' | 'text'>> & { body?: string; metadata?: Partial<Metadata> } = {},
): Subject {
  const text = body ?? (payload === missing ? '' : JSON.stringify(payload));
  return {
    payload,
    alert: payload,
    text: () => text,
    tags: [],
    metadata: {
      webhookId: '7d9c40f4-5a2e-4d43-9b5c-6e0a2f6a7b11',
      webhookName: 'Probe',
      ip: '192.0.2.7',
      contentType: 'application/json',
      headers: {},
      receivedAt: '2026-11-21T05:09:43.120000Z',
      ...metadata,
    },
    ...given,
  };
}
