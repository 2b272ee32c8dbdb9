import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processStart, signalProcess, waitUntilGone } from '../../src/embedded/processes.ts';
import { createSql } from '../../src/stores/sql.ts';
import { poll } from '../support/poll.ts';
import { processTree, removeDataDir, spawnProduct, startProduct, type TestProduct } from '../support/product.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('smoke/start', function () {
  this.timeout(240_000);
  let room: string;
  before(() => {
    room = mkdtempSync(join(tmpdir(), 'tocsin-start-'));
  });
  after(() => removeDataDir(room));

  describe('one product', () => {
    let product: TestProduct;
    before(async () => {
      product = await startProduct({ dataDir: join(room, 'one') });
    });
    after(async () => {
      await product.killAll();
    });

    it('prints what a newcomer needs, and commands that work as they are', async () => {
      const output = product.output();
      assert.ok(output.includes(`  API           ${product.url}\n`));
      assert.ok(output.includes(`  Admin key     ${product.adminKey}\n`));
      assert.match(output, /  Temporal UI   http:\/\/localhost:\d+\n/);
      assert.ok(output.includes(`  Temporal      ${product.temporalAddress}\n`));

      const opened = shell(pasted(output, 'Open an incident:'));
      assert.match(opened, /"id":"[0-9a-f-]{36}"/);
      const listed = await poll(() => {
        const answer = shell(pasted(output, 'List incidents:'));
        return answer.includes('"INC-1"') ? answer : undefined;
      });
      assert.match(listed, /"name":"Something is down"/);
    });

    it('shows its Temporal UI', async () => {
      const url = /Temporal UI +(\S+)/.exec(product.output())![1]!;
      assert.equal((await fetch(url)).status, 200);
    });

    it('keeps secrets from others', () => {
      for (const name of ['secrets.json', 'run.json', 'temporal.db'])
        assert.equal(statSync(join(product.dataDir, name)).mode & 0o077, 0, name);
      const logs = ['api', 'worker', 'postgres', 'temporal'].map((name) =>
        readFileSync(join(product.dataDir, `logs/${name}.log`), 'utf8'),
      );
      for (const log of logs) assert.ok(!log.includes(product.adminKey));
    });

    it('lets no second product into its data directory', async () => {
      const second = await spawnProduct({ dataDir: product.dataDir });
      assert.equal(await second.ended, 1);
      assert.match(
        second.output(),
        new RegExp(`in use by another Tocsin \\(process ${product.pids().main}\\)\\. Stop that one, or set DATA_DIR`),
      );
      assert.equal((await fetch(`${product.url}/health`)).status, 200);
    });

    for (const name of ['worker', 'api', 'temporal', 'postgres'] as const)
      it(`starts ${name} again when it is killed`, async () => {
        const killed = product.pids()[name]!;
        signalProcess(killed, 'SIGKILL');
        await poll(() => ![undefined, killed].includes(product.pids()[name]), { timeoutMs: 60_000 });
        await poll(async () => (await fetch(`${product.url}/ready`).catch(() => undefined))?.status === 200, {
          timeoutMs: 60_000,
        });
        assert.match(product.output(), /was ended by SIGKILL; starting it again\./);
      });

    it('finds everything again after a kill of the whole tree, and shows the key no more', async () => {
      await product.killAll();
      product = await startProduct({ dataDir: product.dataDir });
      assert.ok(!product.output().includes('Admin key'));
      assert.match(shell(pasted(product.output(), 'List incidents:')), /"INC-1"/);
      assert.equal(await count('webhooks'), 1);
      assert.equal(await count('rulesets'), 1);
    });

    it('takes over from a supervisor that was killed alone, and leaves none of its children', async () => {
      const { main, postgres, temporal } = product.pids();
      const children = processTree(main).slice(1);
      signalProcess(main, 'SIGKILL');
      await waitUntilGone([main], 30_000);
      assert.ok(processStart(postgres!) && processStart(temporal!), 'the databases outlive their supervisor');
      product = await startProduct({ dataDir: product.dataDir });
      assert.ok(await waitUntilGone(children, 30_000));
      assert.match(shell(pasted(product.output(), 'List incidents:')), /"INC-1"/);
    });

    it('stops on SIGTERM with 0 and leaves no child behind', async () => {
      const tree = processTree(product.pids().main);
      assert.ok(tree.length >= 5);
      assert.equal(await product.stop(), 0);
      assert.ok(await waitUntilGone(tree, 30_000));
      assert.equal(existsSync(join(product.dataDir, 'tocsin.lock')), false);
      assert.equal(existsSync(join(product.dataDir, 'run.json')), false);
    });

    async function count(table: string): Promise<number> {
      const sql = createSql(product.databaseUrl, { max: 1 });
      try {
        const [row] = await sql<{ count: number }[]>`SELECT count(*) FROM ${sql(table)}`;
        return row!.count;
      } finally {
        await sql.end();
      }
    }
  });

  for (const waitFor of ['Making a Postgres', 'Starting the API'])
    it(`stops cleanly while it is still starting ("${waitFor}"), and starts afterwards`, async () => {
      const dataDir = join(room, `early ${waitFor.length}`);
      const { child, output, ended } = await spawnProduct({ dataDir });
      await poll(() => output().includes(waitFor), { timeoutMs: 60_000 });
      const tree = processTree(child.pid!);
      child.kill('SIGTERM');
      assert.equal(await ended, 0);
      assert.ok(await waitUntilGone(tree, 30_000));
      const product = await startProduct({ dataDir });
      // Its first start never came to showing it.
      assert.match(product.output(), /Admin key/);
      assert.equal(await product.stop(), 0);
    });

  it('stops when the program that forked it dies', async () => {
    const { child, output, ended } = await spawnProduct({ dataDir: join(room, 'orphan') });
    await poll(() => output().includes('Tocsin is ready.'), { timeoutMs: 60_000 });
    child.disconnect();
    assert.equal(await ended, 0);
  });

  it('uses a given Postgres and Temporal and starts none', async () => {
    const name = `given_${process.pid}`;
    const admin = createSql(process.env.TEST_DATABASE_URL!, { max: 1 });
    await admin.unsafe(`CREATE DATABASE ${name}`);
    const databaseUrl = Object.assign(new URL(process.env.TEST_DATABASE_URL!), { pathname: `/${name}` }).toString();
    try {
      const env = { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS! };
      const product = await startProduct({ dataDir: join(room, 'given'), env });
      assert.deepEqual(Object.keys(product.pids()).sort(), ['api', 'main', 'worker']);
      assert.equal(product.databaseUrl, databaseUrl);
      assert.ok(!product.output().includes('Temporal UI'));
      assert.equal(existsSync(join(product.dataDir, 'postgres')), false);
      assert.equal(await product.stop(), 0);
    } finally {
      await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    }
  });

  describe('says plainly', () => {
    for (const setting of ['PORT', 'TEMPORAL_UI_PORT'])
      it(`that ${setting} is taken`, async () => {
        const server = createServer().listen(0);
        await once(server, 'listening');
        const { port } = server.address() as { port: number };
        const message = await messageOf({ dataDir: join(room, 'port'), env: { [setting]: String(port) } });
        assert.equal(message, `Port ${port} is taken; set ${setting} to another.`);
        server.close();
      });

    it('that one port cannot serve both', async () => {
      const message = await messageOf({
        dataDir: join(room, 'port'),
        env: { PORT: '18999', TEMPORAL_UI_PORT: '18999' },
      });
      assert.equal(message, 'PORT and TEMPORAL_UI_PORT are both 18999; set one of them to another.');
    });

    it('that the data directory cannot be written', async () => {
      writeFileSync(join(room, 'file'), '');
      const message = await messageOf({ dataDir: join(room, 'file/data') });
      assert.match(message, /^DATA_DIR \S+\/file\/data is not a directory that Tocsin can write to \(ENOTDIR\)\. Set/);
    });

    it('all malformed settings at once, and no value', async () => {
      const env = { PORT: '0', LOG_LEVEL: 'loud', ADMIN_API_KEY: 'too-short-to-be-taken', API_ROLES: 'king' };
      const message = await messageOf({ dataDir: join(room, 'malformed'), env });
      for (const name of Object.keys(env)) assert.match(message, new RegExp(`- ${name} must be`));
      assert.ok(!message.includes('too-short-to-be-taken'));
      assert.equal(existsSync(join(room, 'malformed')), false);
    });

    it('that Go is missing, where nothing else gives a Temporal CLI', async () => {
      const cache = join(room, 'cache');
      const env = { PATH: '', TEMPORAL_BIN: '', XDG_CACHE_HOME: cache, https_proxy: 'http://127.0.0.1:9' };
      const message = await messageOf({ dataDir: join(room, 'no-go'), env });
      assert.match(message, /Go, which could build it, is missing/);
      assert.match(message, /install Go 1\.24 or newer/);
      assert.match(message, /set TEMPORAL_BIN/);
      assert.equal(existsSync(join(cache, 'tocsin/temporal-v1.5.1')), false);
    });

    it('that TEMPORAL_BIN is no Temporal CLI', async () => {
      const message = await messageOf({ dataDir: join(room, 'bin'), env: { TEMPORAL_BIN: '/bin/true' } });
      assert.match(message, /^TEMPORAL_BIN is \/bin\/true, but it answers/);
    });
  });

  it('starts nothing on a Node.js that is too old', () => {
    const code =
      "import('./scripts/setup/node-version.mjs').then((m) => m.checkNodeVersion('18.20.0')).catch((e) => console.log(e.message))";
    const { stdout } = spawnSync(process.execPath, ['-e', code], { cwd: root, encoding: 'utf8' });
    assert.match(stdout, /needs Node\.js 20\.19 or newer; this is 18\.20\.0/);
  });
});

/** The last paragraph of what a product prints that does not start. */
async function messageOf(settings: Parameters<typeof spawnProduct>[0]): Promise<string> {
  const product = await spawnProduct(settings);
  assert.equal(await product.ended, 1, product.output());
  return product.output().trim().split('\n\n').pop()!;
}

function pasted(output: string, heading: string): string {
  const lines = output.split('\n');
  return lines[lines.indexOf(heading) + 1]!.trim();
}

function shell(command: string): string {
  const { stdout, status } = spawnSync('sh', ['-c', command.replace('curl', 'curl -s')], { encoding: 'utf8' });
  assert.equal(status, 0, command);
  return stdout;
}
