import type { Sql } from '../../src/stores/sql.ts';

/** A row's lock, held by the test: whoever writes the row waits, and can be killed while it does. */
export interface RowLock {
  /** Backends of Postgres that wait for it. */
  waiting(): Promise<number[]>;
  /** Ends what waits, as Postgres does once it notices that the client is gone. */
  endWaiting(): Promise<void>;
  release(): Promise<void>;
}

export async function lockRow(sql: Sql, table: 'incidents' | 'deliveries', id: string): Promise<RowLock> {
  const holder = await sql.reserve();
  await holder`BEGIN`;
  await holder`SELECT FROM ${sql(table)} WHERE id = ${id} FOR UPDATE`;
  const [own] = await holder<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  const waiting = async () => {
    const rows = await sql<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity WHERE ${own!.pid} = ANY(pg_blocking_pids(pid))`;
    return rows.map(({ pid }) => pid);
  };
  return {
    waiting,
    async endWaiting() {
      await sql`SELECT pg_terminate_backend(pid) FROM unnest(${await waiting()}::integer[]) AS pid`;
    },
    async release() {
      await holder`COMMIT`;
      holder.release();
    },
  };
}
