import postgres from 'postgres';
import type { Sql } from './sql.ts';

/** How long a connection that Postgres has given up may take to close. */
const closingMs = 5_000;

type Statement = (...given: unknown[]) => unknown;
type Work = (tx: Statement) => unknown;

/** The connection of one transaction. */
interface Lease {
  lost: boolean;
  /** Resolves when it is lost. */
  ends: Promise<void>;
}

/**
 * Keeps a transaction from speaking once its connection has died: the driver (3.4) would send the next statement, its
 * ROLLBACK or its COMMIT all the same, and by then that connection may have been opened again for another transaction,
 * which would be undone, or stored by halves. Here a lost transaction sends nothing more, and `begin` rejects with the
 * driver's own CONNECTION_CLOSED.
 */
export function guardTransactions(sql: Sql): Sql {
  const begin = sql.begin.bind(sql) as (...args: unknown[]) => Promise<unknown>;

  const guarded = (...args: unknown[]) => {
    const work = args.pop() as Work;
    const lease: Lease = { lost: false, ends: Promise.resolve() };
    const transaction = begin(...args, unlessLost(work, lease));
    lease.ends = transaction.then(
      () => {},
      () => void (lease.lost = true),
    );
    return transaction;
  };
  return Object.assign(sql, { begin: guarded as Sql['begin'] });
}

function unlessLost(work: Work, lease: Lease): Work {
  return async (tx) => {
    let done: () => unknown;
    try {
      const result = await work(refuseWhenLost(tx, lease));
      done = () => result;
    } catch (error) {
      // The error comes first, then the connection closes, then `begin` rejects.
      if (isFatal(error)) await Promise.race([lease.ends, pause(closingMs)]);
      done = () => {
        throw error;
      };
    }
    // `begin` has rejected; settling too would make the driver speak.
    if (lease.lost) return new Promise<never>(() => {});
    return done();
  };
}

function refuseWhenLost(tx: Statement, lease: Lease): Statement {
  return new Proxy(tx, {
    apply(target, self, given) {
      if (lease.lost)
        throw Object.assign(new Error('The connection of this transaction was lost.'), { code: 'CONNECTION_CLOSED' });
      return Reflect.apply(target, self, given);
    },
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      if (name !== 'savepoint') return value;
      return (...args: unknown[]) => value(...args.slice(0, -1), unlessLost(args.at(-1) as Work, lease));
    },
  });
}

/** Postgres ends the session after such an error. */
function isFatal(error: unknown): boolean {
  if (error instanceof postgres.PostgresError) return error.severity === 'FATAL' || error.severity === 'PANIC';
  return String((error as { code?: unknown } | null)?.code).startsWith('CONNECTION_');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
