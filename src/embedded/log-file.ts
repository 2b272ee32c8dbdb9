import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

/** Bytes; a log that has grown past it becomes `<name>.1`, in place of the one before. */
const largest = 50 * 1024 * 1024;

/** Opens a log to append to, for a child that writes it by itself; rotated only here, at each start. */
export function openLog(path: string): number {
  rotateWhenLarge(path);
  return openSync(path, 'a', 0o600);
}

/** A log written by this process, line by line, rotated while it grows. */
export interface LogFile {
  write(line: string): void;
  close(): void;
}

export function createLogFile(path: string): LogFile {
  let file = openLog(path);
  let written = 0;
  return {
    write(line) {
      written += writeSync(file, `${line}\n`);
      if (written < largest / 10) return;
      written = 0;
      closeSync(file);
      file = openLog(path);
    },
    close: () => closeSync(file),
  };
}

function rotateWhenLarge(path: string): void {
  try {
    if (statSync(path).size > largest) renameSync(path, `${path}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
