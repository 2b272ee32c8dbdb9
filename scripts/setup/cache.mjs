import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { withLock } from './lock.mjs';

/** Where built and downloaded programs stay, shared by all clones of one user. */
export function cacheDirectory(name) {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tocsin', name);
}

/**
 * Fills a cache directory all or nothing: `fill` works in a directory beside it that is renamed at the end, so a
 * build that is cut short is never taken for a whole one. `isFilled` is asked again once the lock is held.
 */
export async function fillCache(directory, isFilled, fill) {
  await withLock(`${directory}.lock`, async () => {
    if (await isFilled()) return;
    const parent = dirname(directory);
    const prefix = `.${basename(directory)}-`;
    for (const name of await readdir(parent))
      if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true });
    const unfinished = await mkdtemp(join(parent, prefix));
    try {
      await fill(unfinished);
      await rm(directory, { recursive: true, force: true });
      await rename(unfinished, directory);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  });
}
