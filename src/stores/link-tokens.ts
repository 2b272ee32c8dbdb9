import { timingSafeEqual } from 'node:crypto';
import type { Sealer } from './sealed.ts';

export const linkPurposes = ['acknowledge', 'resolve'] as const;
export type LinkPurpose = (typeof linkPurposes)[number];

/** What a link lets its holder do: one thing to one incident, as one member, until then. */
export interface LinkGrant {
  organisationId: string;
  incidentId: string;
  memberId: string;
  purpose: LinkPurpose;
  expiresAt: Date;
}

/** What a link says is signed under SECRET_KEY, and stored nowhere. */
export interface LinkTokens {
  make(grant: LinkGrant): string;
  /** `unknown`: we never made it, or not like this. */
  read(token: string, now: Date): LinkGrant | 'unknown' | 'expired';
}

/** The first byte of each; another layout gets the next number. */
const version = 1;
const uuidBytes = 16;
const headBytes = 2;
const timeBytes = 6;
const grantBytes = headBytes + timeBytes + 3 * uuidBytes;
const macBytes = 32;

/** Version, purpose, time (in seconds), the three ids, and the digest of all that; in base64url. */
export function createLinkTokens(sealer: Pick<Sealer, 'digest'>): LinkTokens {
  const macOf = (grant: Buffer) => sealer.digest(`link ${grant.toString('base64url')}`);

  return {
    make({ organisationId, incidentId, memberId, purpose, expiresAt }) {
      const head = Buffer.alloc(headBytes + timeBytes);
      head.writeUInt8(version, 0);
      head.writeUInt8(linkPurposes.indexOf(purpose), 1);
      head.writeUIntBE(Math.floor(expiresAt.getTime() / 1_000), headBytes, timeBytes);
      const grant = Buffer.concat([head, ...[organisationId, incidentId, memberId].map(bytesOf)]);
      return Buffer.concat([grant, macOf(grant)]).toString('base64url');
    },

    read(token, now) {
      const bytes = Buffer.from(token, 'base64url');
      // Buffer.from skips what is not base64url; only the spelling we wrote counts.
      if (bytes.length !== grantBytes + macBytes || bytes.toString('base64url') !== token) return 'unknown';
      const grant = bytes.subarray(0, grantBytes);
      if (!timingSafeEqual(bytes.subarray(grantBytes), macOf(grant)) || grant[0] !== version) return 'unknown';
      const purpose = linkPurposes[grant[1]!];
      if (purpose === undefined) return 'unknown';
      const expiresAt = new Date(grant.readUIntBE(headBytes, timeBytes) * 1_000);
      if (expiresAt.getTime() <= now.getTime()) return 'expired';
      const [organisationId, incidentId, memberId] = [0, 1, 2].map((place) => {
        return uuidAt(grant, headBytes + timeBytes + place * uuidBytes);
      });
      return { organisationId: organisationId!, incidentId: incidentId!, memberId: memberId!, purpose, expiresAt };
    },
  };
}

function bytesOf(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function uuidAt(bytes: Buffer, offset: number): string {
  const hex = bytes.toString('hex', offset, offset + uuidBytes);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
