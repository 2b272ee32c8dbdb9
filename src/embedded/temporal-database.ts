import { closeSync, existsSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from './private-file.ts';

/** What SQLite keeps beside a database. */
const companions = ['', '-wal', '-shm', '-journal'];

/**
 * To be called before the server starts. It makes its tables step by step and cannot go on where a kill cut it short:
 * so a database that never came to serve, and in which therefore nothing is, gives way to a new one.
 */
export function openTemporalDatabase(file: string): void {
  const mark = markOf(file);
  if (existsSync(mark)) for (const companion of companions) rmSync(file + companion, { force: true });
  if (existsSync(file)) return;
  const descriptor = openSync(mark, 'w', 0o600);
  fsyncSync(descriptor);
  closeSync(descriptor);
  syncDirectory(dirname(file));
}

/** To be called when the server serves, and before anybody is told: from now on the database is kept. */
export function keepTemporalDatabase(file: string): void {
  if (!existsSync(markOf(file))) return;
  rmSync(markOf(file));
  // A mark that came back after a power cut would cost all that is in there by then.
  syncDirectory(dirname(file));
}

function markOf(file: string): string {
  return `${file}.unfinished`;
}
