import assert from 'node:assert/strict';
import { createSql, isoFromPostgres, type Sql } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { poll } from '../support/poll.ts';

describe('sql', () => {
  let database: TestDatabase;
  let sql: Sql;

  before(async () => {
    database = await createTestDatabase();
    sql = createSql(database.url, { max: 2 });
  });
  after(async () => {
    await sql.end({ timeout: 1 });
    await database.drop();
  });

  const pidOf = async (tx: Pick<Sql, 'unsafe'>) =>
    (await tx.unsafe('SELECT pg_backend_pid() AS pid'))[0]?.pid as number;
  const kill = (pid: number) => database.sql`SELECT pg_terminate_backend(${pid})`;
  const works = () =>
    poll(() =>
      sql`SELECT 1 AS one`.then(
        ([row]) => row?.one === 1,
        () => false,
      ),
    );

  it('keeps microseconds and pads to milliseconds', () => {
    assert.equal(isoFromPostgres('2026-11-21 05:09:43.12+00'), '2026-11-21T05:09:43.120Z');
    assert.equal(isoFromPostgres('2026-11-21 05:09:43.123456+00'), '2026-11-21T05:09:43.123456Z');
    assert.equal(isoFromPostgres('2026-11-21 05:09:43+00'), '2026-11-21T05:09:43.000Z');
  });

  it('survives a connection that dies during a statement of a transaction', async () => {
    const transaction = sql.begin(async (tx) => {
      const pid = await pidOf(tx);
      const sleeping = tx`SELECT pg_sleep(30)`.execute();
      await kill(pid);
      await sleeping;
    });
    await assert.rejects(transaction, { code: /CONNECTION_CLOSED|57P01/ });
    await works();
  });

  it('survives a connection that dies between two statements of a transaction', async () => {
    const later: unknown[] = [];
    const transaction = sql.begin(async (tx) => {
      await kill(await pidOf(tx));
      await poll(async () => {
        const [row] = await database.sql`SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'`;
        return row?.count === 0;
      });
      await tx`SELECT 1`.catch((error) => later.push(error));
      await tx`SELECT 2`;
    });
    await assert.rejects(transaction);
    await works();
  });

  for (const ending of ['returns', 'throws'])
    it(`keeps a lost transaction that ${ending} out of the one that has its connection next`, async () => {
      const one = createSql(database.url, { max: 1 });
      await one`DROP TABLE IF EXISTS kept`;
      await one`CREATE TABLE kept (id integer)`;
      let goOn = () => {};
      const later = new Promise<void>((resolve) => (goOn = resolve));
      let lostWork: Promise<void> | undefined;
      const lost = one.begin((tx) => {
        lostWork = (async () => {
          await kill(await pidOf(tx));
          await later;
          if (ending === 'throws') throw new RangeError('on purpose');
        })();
        return lostWork;
      });
      await assert.rejects(lost, { code: 'CONNECTION_CLOSED' });

      const seen = () => database.sql`SELECT FROM kept`;
      const next = one.begin(async (tx) => {
        await tx`INSERT INTO kept VALUES (1)`;
        goOn();
        await lostWork?.catch(() => undefined);
        await tx`INSERT INTO kept VALUES (2)`;
        assert.equal((await seen()).length, 0, 'nothing is committed before the end');
        await tx`INSERT INTO kept VALUES (3)`;
      });
      await next;
      assert.equal((await seen()).length, 3);
      await one.end();
    });

  it('rolls back and passes on what was thrown', async () => {
    await assert.rejects(
      sql.begin(async (tx) => {
        await tx`CREATE TABLE half_done (id integer)`;
        throw new RangeError('on purpose');
      }),
      RangeError,
    );
    const [row] = await sql`SELECT to_regclass('half_done') AS found`;
    assert.equal(row?.found, null);
  });

  it('nests savepoints', async () => {
    const answer = await sql.begin(async (tx) => {
      await tx.savepoint((inner) => inner`SELECT 1 / 0`).catch(() => undefined);
      return (await tx`SELECT 7 AS seven`)[0]?.seven;
    });
    assert.equal(answer, 7);
  });
});
