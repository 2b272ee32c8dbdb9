import type { Cursors, CursorScope, Position } from './cursor.ts';

/** Reads one row more than asked for, to know whether a next page exists. */
export async function readPage<Row>(
  cursors: Cursors,
  scope: CursorScope,
  query: { limit: number; cursor?: string | undefined },
  read: (limit: number, after: Position | undefined) => Promise<Row[]>,
  positionOf: (row: Row) => Position,
): Promise<{ rows: Row[]; nextCursor: string | null }> {
  const found = await read(query.limit + 1, cursors.decode(scope, query.cursor));
  const rows = found.slice(0, query.limit);
  const last = rows.at(-1);
  const more = found.length > query.limit && last !== undefined;
  return { rows, nextCursor: more ? cursors.encode(scope, positionOf(last)) : null };
}
