import type { CodeMessage, PageMessage } from '../../src/domain/notification/message.ts';
import { sampleSnapshot } from './transition.ts';

export const sampleLinks = {
  acknowledge: 'https://tocsin.example.com/link/AAAA',
  resolve: 'https://tocsin.example.com/link/BBBB',
};

export function samplePage(changes: Partial<PageMessage> = {}): PageMessage {
  return {
    kind: 'page',
    id: '0199aaaa-0000-4000-8000-00000000000e',
    reason: 'level',
    memberName: 'Ada Lovelace',
    snapshot: sampleSnapshot('triggered'),
    links: sampleLinks,
    ...changes,
  };
}

/** The same of an incident with this name and description. */
export function samplePageOf(incident: { name?: string; description?: string; number?: number }): PageMessage {
  const snapshot = sampleSnapshot('triggered');
  return samplePage({ snapshot: { ...snapshot, incident: { ...snapshot.incident, ...incident } } });
}

export const sampleCode: CodeMessage = {
  kind: 'code',
  id: '0199aaaa-0000-4000-8000-00000000000f',
  code: '042137',
  memberName: 'Ada Lovelace',
  organisationName: 'Acme',
};
