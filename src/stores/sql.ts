import postgres from 'postgres';
import { guardTransactions } from './guard-transactions.ts';

/** Postgres as the stores see it: columns in camelCase, timestamptz as ISO 8601 strings that keep microseconds. */
export type Sql = postgres.Sql<{ timestamp: string; bigint: number }>;
export type Transaction = postgres.TransactionSql<{ timestamp: string; bigint: number }>;
/** What every statement needs: a pool or an open transaction. */
export type Queryable = Sql | Transaction;

export interface SqlOptions {
  /** Connections in the pool; set together with the activity slots that use it. */
  max?: number;
  applicationName?: string;
  /** Milliseconds after which Postgres gives a statement up, so that a frozen lock never holds a request for ever. */
  statementTimeout?: number;
  onQuery?: (query: string) => void;
}

export function createSql(databaseUrl: string, options: SqlOptions = {}): Sql {
  const sql = postgres(databaseUrl, {
    max: options.max ?? 10,
    connect_timeout: 5,
    idle_timeout: 60,
    // The driver's own pause grows to 20 s with every refused connection of the pool: a short outage of Postgres would
    // hold requests that long after its end.
    backoff: () => 0.1 + Math.random() * 0.2,
    onnotice: () => {},
    debug: options.onQuery ? (_connection, query) => options.onQuery?.(query) : undefined,
    connection: {
      application_name: options.applicationName ?? 'tocsin',
      TimeZone: 'UTC',
      statement_timeout: options.statementTimeout ?? 15_000,
      // A process that was cut off in the middle of a transaction must not keep its locks until TCP notices.
      idle_in_transaction_session_timeout: 60_000,
    },
    transform: { column: { from: postgres.toCamel, to: postgres.fromCamel }, undefined: null },
    types: {
      timestamp: { to: 1184, from: [1184], serialize: String, parse: isoFromPostgres },
      // Counts and versions stay far below 2^53.
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
    },
  });
  return guardTransactions(sql);
}

/** `2026-11-21 05:09:43.12+00` → `2026-11-21T05:09:43.120Z`; a finer time keeps its six digits. */
export function isoFromPostgres(text: string): string {
  const match = /^(.+) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(text);
  if (!match) throw new Error(`Unexpected timestamp from Postgres: ${text}`);
  const fraction = match[3] ?? '';
  return `${match[1]}T${match[2]}.${fraction.padEnd(fraction.length > 3 ? 6 : 3, '0')}Z`;
}
