import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { processStart } from './processes.ts';
import { StartError } from './start-error.ts';

/** The one directory that holds all state of an embedded Tocsin; open in at most one process at a time. */
export interface DataDirectory {
  /** Absolute, without symbolic links. */
  path: string;
  /** Path of something inside. */
  file(name: string): string;
  /** Lets the next process in. */
  release(): void;
}

/**
 * Makes the directory where needed and takes its lock; the lock of a process that has died is taken over. Throws
 * `StartError` when the directory cannot be written or another live Tocsin has it.
 */
export function openDataDirectory(given: string): DataDirectory {
  const path = prepare(resolve(given));
  const lock = join(path, 'tocsin.lock');
  const owner = { pid: process.pid, start: processStart(process.pid) };
  acquire(lock, JSON.stringify(owner), path);
  return {
    path,
    file: (name) => join(path, name),
    release: () => rmSync(lock, { force: true }),
  };
}

/** One by one: Node's own `recursive` tries for ever where nothing can be made, as below /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

function prepare(path: string): string {
  try {
    if (!existsSync(path)) {
      makeDirectory(path);
      // Passable, not listable: as root, Postgres runs as another user below it. All that is secret has mode 0600.
      chmodSync(path, 0o711);
    }
    const probe = join(path, `.probe-${randomBytes(6).toString('hex')}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return realpathSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartError(
      `DATA_DIR ${path} is not a directory that Tocsin can write to (${code ?? message}). ` +
        'Set DATA_DIR to one that is, or change its owner or mode.',
    );
  }
}

function acquire(lock: string, owner: string, directory: string): void {
  const own = `${lock}.${randomBytes(6).toString('hex')}`;
  writeFileSync(own, owner, { mode: 0o600 });
  try {
    while (!linkOnce(own, lock)) {
      const found = readOwner(lock);
      if (found.isAlive) throw inUse(directory, found.pid);
      takeAside(lock, found.text, directory);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

// Renaming a dead process's lock away is what two starters at once may both attempt: the one that finds it has
// taken the other's fresh lock instead puts that back.
function takeAside(lock: string, expected: string, directory: string): void {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = readOwner(aside);
  if (taken.text !== expected) linkOnce(aside, lock);
  rmSync(aside, { force: true });
  if (taken.text !== expected) throw inUse(directory, taken.pid);
}

function linkOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(lock: string): { text: string; pid: number; isAlive: boolean } {
  let text = '';
  try {
    text = readFileSync(lock, 'utf8');
    const { pid, start } = JSON.parse(text) as { pid: number; start: string };
    return { text, pid, isAlive: start !== undefined && processStart(pid) === start };
  } catch {
    // Gone meanwhile, or cut short by a power failure: either way nobody holds it.
    return { text, pid: 0, isAlive: false };
  }
}

function inUse(directory: string, pid: number): StartError {
  return new StartError(
    `DATA_DIR ${directory} is in use by another Tocsin (process ${pid}). Stop that one, or set DATA_DIR to another directory.`,
  );
}
