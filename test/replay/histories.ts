import { readFile, readdir } from 'node:fs/promises';

export const historiesFolder = new URL('./histories/', import.meta.url);
/** One line a history, `sha256  name`; lines are only ever added. */
export const checksumFile = new URL('SHA256SUMS', historiesFolder);

export async function historyNames(): Promise<string[]> {
  return (await readdir(historiesFolder)).filter((name) => name.endsWith('.json')).sort();
}

export async function readHistory(name: string): Promise<string> {
  return readFile(new URL(name, historiesFolder), 'utf8');
}

/** name → checksum, as committed. */
export async function readChecksums(): Promise<Map<string, string>> {
  const lines = (await readFile(checksumFile, 'utf8')).trim().split('\n');
  return new Map(lines.map((line) => line.split('  ') as [string, string]).map(([sum, name]) => [name, sum]));
}
