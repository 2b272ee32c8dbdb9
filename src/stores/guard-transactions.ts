import postgres from 'postgres';
import type { Sql } from './sql.ts';

/** How long a connection that Postgres has given up may take to close. */
const closingMs = 5_000;

/**
 * Keeps a transaction whose connection dies from ending the process: the driver (3.4) would write its ROLLBACK, or the
 * next statement, to a socket that is gone, and the error that follows belongs to nobody. Here a lost transaction sends
 * nothing more, and `begin` rejects with the driver's own CONNECTION_CLOSED.
 */
export function guardTransactions(sql: Sql): Sql {
  const begin = sql.begin.bind(sql) as (...args: unknown[]) => Promise<unknown>;

  const guarded = (...args: unknown[]) => {
    const work = args.pop() as (tx: object) => unknown;
    const connection = { lost: false };
    const transaction = begin(...args, async (tx: (...given: unknown[]) => unknown) => {
      try {
        return await work(refuseWhenLost(tx, connection));
      } catch (error) {
        // `begin` has rejected, or is about to; throwing on would make the driver send ROLLBACK.
        if (connection.lost) return new Promise<never>(() => {});
        if (isFatal(error)) await new Promise((resolve) => setTimeout(resolve, closingMs).unref());
        throw error;
      }
    });
    transaction.catch(() => (connection.lost = true));
    return transaction;
  };
  return Object.assign(sql, { begin: guarded as Sql['begin'] });
}

function refuseWhenLost<Tx extends (...given: unknown[]) => unknown>(tx: Tx, connection: { lost: boolean }): Tx {
  return new Proxy(tx, {
    apply(target, self, given) {
      if (connection.lost)
        throw Object.assign(new Error('The connection of this transaction was lost.'), { code: 'CONNECTION_CLOSED' });
      return Reflect.apply(target, self, given);
    },
  });
}

/** Postgres ends the session after such an error. */
function isFatal(error: unknown): boolean {
  if (error instanceof postgres.PostgresError) return error.severity === 'FATAL' || error.severity === 'PANIC';
  return String((error as { code?: unknown } | null)?.code).startsWith('CONNECTION_');
}
