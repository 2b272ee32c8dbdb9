import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const isLinux = process.platform === 'linux';

/**
 * When a process started, in a form that only tells equal from different; undefined when there is none (or but a
 * zombie). A pid alone proves nothing: after a reboot or in a container another process soon has it.
 */
export function processStart(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    if (!isLinux) return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    // The command name, in parentheses, may itself hold spaces and parentheses: fields count from the last one.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()!.split(' ');
    if (fields[0] === 'Z') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/**
 * Pids of processes with these neighbouring arguments in their command line, or (on Linux) working in `directory`:
 * how children are found whose supervisor was killed before, or without, writing down their pids.
 */
export function findProcesses(wanted: { arguments?: string[][]; directory?: string }): number[] {
  const sequences = wanted.arguments ?? [];
  if (!isLinux) {
    const lines = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
    return lines
      .filter((line) => sequences.some((sequence) => `${line} `.includes(` ${sequence.join(' ')} `)))
      .map((line) => Number.parseInt(line, 10))
      .filter((pid) => pid !== process.pid);
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      const words = readOr('', () => readFileSync(`/proc/${name}/cmdline`, 'utf8')).split('\0');
      if (sequences.some((sequence) => includesSequence(words, sequence))) return true;
      return wanted.directory !== undefined && readOr('', () => readlinkSync(`/proc/${name}/cwd`)) === wanted.directory;
    })
    .map(Number);
}

/** Sends a signal; a process that is gone is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** True once all are gone, false when some still run after `milliseconds`. */
export async function waitUntilGone(pids: number[], milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (pids.some((pid) => processStart(pid) !== undefined)) {
    if (Date.now() >= end) return false;
    await sleep(50);
  }
  return true;
}

function includesSequence(words: string[], sequence: string[]): boolean {
  return words.some((_, start) => sequence.every((word, offset) => words[start + offset] === word));
}

function readOr<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}
