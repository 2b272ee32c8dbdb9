import type { ContactMethodType, ContactTarget } from '../domain/notification/contact-method.ts';
import type { Sealer } from './sealed.ts';

/** What is sealed of a contact method that is no mail address. */
export interface SealedTarget {
  url: string;
  /** What a webhook is signed with; null for the others. */
  secret: string | null;
}

/** Where a stored contact method leads. Throws when SECRET_KEY is not the one that sealed it. */
export function openTarget(
  sealer: Sealer,
  row: { id: string; type: ContactMethodType; address: string | null; sealed: Uint8Array | null },
): ContactTarget {
  const { id, type, address, sealed } = row;
  if (type === 'email' && address !== null) return { type, address };
  if (type === 'email' || sealed === null) throw new Error('A contact method leads nowhere');
  const { url, secret } = read(sealer.open(sealed, id));
  if (type === 'slack') return { type, url };
  if (secret === null) throw new Error('A webhook has no secret to sign with');
  return { type, url, secret };
}

function read(text: string): SealedTarget {
  try {
    return JSON.parse(text) as SealedTarget;
  } catch {
    // The parser's own message would repeat what it read.
    throw new Error('Where a contact method leads is not JSON');
  }
}
