import { rmSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './steps.mjs';

/** Runs `work` while no other set-up runs under the same lock file; a lock whose process has died is taken over. */
export async function withLock(path, work) {
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  while (!(await acquire(path))) {
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner === 0 || !isAlive(owner)) {
      await rm(path, { force: true });
      continue;
    }
    if (!told) say(`Another set-up (process ${owner}) is at work; waiting for it.`);
    told = true;
    await sleep(500);
  }
  const release = () => rmSync(path, { force: true });
  process.on('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

// By a link, so that nobody ever reads a lock that has no owner yet.
async function acquire(path) {
  const own = `${path}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
