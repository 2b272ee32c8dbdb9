import { rmSync } from 'node:fs';
import { writePrivateJson } from './private-file.ts';

/** What runs at the moment, for people and tests: pids and where things listen. Mode 0600, as it has a password. */
export interface RunningProduct {
  pids: { main: number; api?: number; worker?: number; postgres?: number; temporal?: number };
  apiUrl: string;
  databaseUrl: string;
  temporalAddress: string;
  temporalUiUrl: string | undefined;
}

export interface RunFile {
  setPid(name: 'api' | 'worker' | 'postgres' | 'temporal', pid: number | undefined): void;
  remove(): void;
}

/** Keeps `run.json` true while the product runs. */
export function createRunFile(path: string, about: Omit<RunningProduct, 'pids'>): RunFile {
  const pids: RunningProduct['pids'] = { main: process.pid };
  const write = () => writePrivateJson(path, { pids, ...about } satisfies RunningProduct);
  write();
  return {
    setPid(name, pid) {
      pids[name] = pid;
      write();
    },
    remove: () => rmSync(path, { force: true }),
  };
}
