import { EventEmitter } from 'node:events';
import type { Logger } from '../logger.ts';
import type { Queryable, Sql } from './sql.ts';

export type Pump = 'inbox' | 'outbox' | 'notifications';
const channel = 'tocsin_doorbell';

/** How many pumps of each kind there are. Changing it needs a migration: rows carry their shard. */
export const shardCount = 4;

/** Stable over processes and releases: rows of one webhook (or endpoint) always meet the same pump. */
export function shardOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(-8), 16) % shardCount;
}

/**
 * Tells pumps that rows wait, after the commit that stored them. At most one NOTIFY a shard in 10 ms: one inside
 * each transaction would serialise commits. A lost ring costs a second, since pumps look every second anyway.
 */
export interface Bell {
  ring(pump: Pump, shards: Iterable<number>): void;
}

export function createBell(sql: Sql, logger: Logger): Bell {
  const waiting = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let lastSent = 0;

  const send = () => {
    timer = undefined;
    lastSent = Date.now();
    const payloads = [...waiting];
    waiting.clear();
    // A ring need not outlive a crash, so its commit need not wait for the disk.
    sql`SELECT pg_notify(${channel}, payload)
      FROM set_config('synchronous_commit', 'off', true), unnest(${payloads}::text[]) AS payload`.catch((error) =>
      logger.warn({ err: error }, 'could not ring the pumps; they will look within a second'),
    );
  };

  return {
    ring(pump, shards) {
      for (const shard of shards) waiting.add(`${pump}-${shard}`);
      if (waiting.size === 0 || timer) return;
      timer = setTimeout(send, Math.max(0, lastSent + 10 - Date.now()));
    },
  };
}

/**
 * For what is rare: Postgres rings when `tx` is committed, and never when it is not. Commits that ring so wait for each
 * other.
 */
export async function ringAtCommit(tx: Queryable, pump: Pump, shards: Iterable<number>): Promise<void> {
  const payloads = [...new Set(shards)].map((shard) => `${pump}-${shard}`);
  if (payloads.length > 0) await tx`SELECT pg_notify(${channel}, payload) FROM unnest(${payloads}::text[]) AS payload`;
}

/** The other end: one LISTEN connection a process, shared by all pumps that run in it. */
export interface Ear {
  /** Resolves at the next ring for this shard, after `milliseconds`, or when `signal` aborts, whichever is first. */
  wait(pump: Pump, shard: number, milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Rings inside this process, without Postgres: work of the pump's own has become due. */
  ringHere(pump: Pump, shard: number): void;
  close(): Promise<void>;
}

export async function createEar(sql: Sql): Promise<Ear> {
  const rings = new EventEmitter().setMaxListeners(0);
  // A ring that comes while its pump is busy must not be lost: it is remembered until the pump next waits.
  const pending = new Set<string>();
  const heard = (name: string) => {
    pending.add(name);
    rings.emit(name);
  };
  const listener = await sql.listen(channel, heard);

  return {
    ringHere: (pump, shard) => heard(`${pump}-${shard}`),
    async wait(pump, shard, milliseconds, signal) {
      const name = `${pump}-${shard}`;
      if (pending.delete(name) || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          rings.off(name, done);
          signal.removeEventListener('abort', done);
          pending.delete(name);
          resolve();
        };
        const timer = setTimeout(done, milliseconds);
        rings.once(name, done);
        signal.addEventListener('abort', done, { once: true });
      });
    },
    close: () => listener.unlisten(),
  };
}
