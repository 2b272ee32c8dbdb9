import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataDirectory } from '../../src/embedded/data-directory.ts';
import { processStart } from '../../src/embedded/processes.ts';
import { StartError } from '../../src/embedded/start-error.ts';

describe('embedded/data-directory', () => {
  let room: string;
  beforeEach(() => {
    room = mkdtempSync(join(tmpdir(), 'tocsin-data-directory-'));
  });
  afterEach(() => rmSync(room, { recursive: true, force: true }));

  it('makes what is missing, where others may pass but not look', () => {
    const directory = openDataDirectory(join(room, 'a/b'));
    assert.equal(statSync(join(room, 'a/b')).mode & 0o777, 0o711);
    assert.equal(directory.file('x'), join(room, 'a/b/x'));
    directory.release();
  });

  it('refuses a second opener while the first lives, and takes it in after', () => {
    const first = openDataDirectory(room);
    assert.throws(() => openDataDirectory(room), new RegExp(`in use by another Tocsin \\(process ${process.pid}\\)`));
    first.release();
    openDataDirectory(room).release();
    assert.equal(existsSync(join(room, 'tocsin.lock')), false);
  });

  it('takes over the lock of a process that was killed', async () => {
    const killed = spawn('sleep', ['60']);
    const start = processStart(killed.pid!);
    writeFileSync(join(room, 'tocsin.lock'), JSON.stringify({ pid: killed.pid, start }));
    assert.throws(() => openDataDirectory(room), StartError);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    openDataDirectory(room).release();
  });

  it('takes over a lock whose number another process has now', () => {
    writeFileSync(join(room, 'tocsin.lock'), JSON.stringify({ pid: process.pid, start: 'at another time' }));
    const directory = openDataDirectory(room);
    assert.equal(JSON.parse(readFileSync(join(room, 'tocsin.lock'), 'utf8')).start, processStart(process.pid));
    directory.release();
  });

  it('takes over a lock that a power failure emptied', () => {
    writeFileSync(join(room, 'tocsin.lock'), '');
    openDataDirectory(room).release();
  });

  it('says plainly that it cannot write', () => {
    writeFileSync(join(room, 'file'), '');
    for (const path of [join(room, 'file/data'), '/proc/tocsin/data'])
      assert.throws(
        () => openDataDirectory(path),
        (error: Error) =>
          error instanceof StartError && /is not a directory that Tocsin can write to/.test(error.message),
      );
  });
});
