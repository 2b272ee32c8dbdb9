import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../domain/error-code.ts';

/** What a cursor belongs to: it is refused in another list, for another organisation or with other filters. */
export interface CursorScope {
  list: string;
  organisationId: string;
  filters?: Record<string, unknown>;
}

/** Where the next page begins: the sort keys of the last row seen. */
export type Position = (string | number)[];

export interface Cursors {
  encode(scope: CursorScope, position: Position): string;
  /** Undefined without a cursor. Throws `Refusal` `malformed_cursor` for one we did not make for this scope. */
  decode(scope: CursorScope, cursor: string | undefined): Position | undefined;
}

const macBytes = 16;

export function createCursors(secretKey: string): Cursors {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'tocsin list cursors', 32));
  const macOf = (scope: CursorScope, position: Buffer) =>
    createHmac('sha256', key)
      .update(JSON.stringify([scope.list, scope.organisationId, scope.filters ?? {}]))
      .update('\0')
      .update(position)
      .digest()
      .subarray(0, macBytes);

  return {
    encode(scope, position) {
      const bytes = Buffer.from(JSON.stringify(position));
      return Buffer.concat([macOf(scope, bytes), bytes]).toString('base64url');
    },
    decode(scope, cursor) {
      if (cursor === undefined) return undefined;
      const bytes = Buffer.from(cursor, 'base64url');
      const [mac, position] = [bytes.subarray(0, macBytes), bytes.subarray(macBytes)];
      // Buffer.from skips what is not base64url; only the spelling we wrote counts.
      if (
        bytes.toString('base64url') !== cursor ||
        mac.length !== macBytes ||
        !timingSafeEqual(mac, macOf(scope, position))
      )
        throw new Refusal('malformed_cursor', 'Give `cursor` as `next_cursor` of the same list with the same filters.');
      return JSON.parse(position.toString()) as Position;
    },
  };
}
