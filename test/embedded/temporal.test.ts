import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/embedded/ports.ts';
import { launchTemporal } from '../../src/embedded/temporal.ts';
import { poll } from '../support/poll.ts';

describe('embedded/temporal', function () {
  this.timeout(120_000);
  let directory: string;
  let databaseFile: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tocsin-temporal-'));
    databaseFile = join(directory, 'temporal.db');
  });
  after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));

  const launch = async () =>
    launchTemporal({
      program: process.env.TEMPORAL_BIN!,
      databaseFile,
      namespace: 'default',
      port: await freePort(),
      uiPort: undefined,
      logFile: join(directory, 'temporal.log'),
    });

  it('starts after a kill that left its database with no table, or with some', async () => {
    let tries = 0;
    for (let sizes = [0, 1, 300_000]; sizes.length > 0;) {
      const size = sizes[0]!;
      const killed = await launch();
      const written = () => existsSync(`${databaseFile}-wal`) && statSync(`${databaseFile}-wal`).size >= size;
      await poll(() => existsSync(databaseFile) && (size === 0 || written()), { everyMs: 0 });
      killed.signal('SIGKILL');
      await killed.ended;
      if (existsSync(`${databaseFile}.unfinished`)) sizes = sizes.slice(1);
      else {
        // It was killed too late: the machine had more to do than to look.
        assert.ok(++tries < 10);
        for (const end of ['', '-wal', '-shm']) rmSync(databaseFile + end, { force: true });
      }
    }
    const temporal = await launch();
    await temporal.ready;
    assert.equal(existsSync(`${databaseFile}.unfinished`), false);
    temporal.signal('SIGKILL');
    await temporal.ended;
  });

  it('keeps a database that served once', async () => {
    const { ino } = statSync(databaseFile);
    const temporal = await launch();
    await temporal.ready;
    assert.equal(statSync(databaseFile).ino, ino);
    temporal.signal('SIGKILL');
    await temporal.ended;
  });
});
