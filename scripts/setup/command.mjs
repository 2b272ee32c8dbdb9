import { spawn, spawnSync } from 'node:child_process';
import { SetupError } from './steps.mjs';

/** Of a failed command's output, at its beginning and at its end: reasons stand in either place. */
const shownLines = 15;

/**
 * Runs a long command quietly; its output is shown only when it fails. A signal to this process stops the
 * command with everything it started, since compilers and installers leave grandchildren otherwise.
 */
export async function runQuietly(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = (output + chunk).slice(-100_000)));

  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  const stop = (signal) => {
    kill('SIGTERM');
    // npm takes its time to hear; what it started must not go on behind the back of the next set-up.
    setTimeout(() => kill('SIGKILL'), 2_000);
    child.on('close', () => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, stop);
  try {
    await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (code === 0) resolve();
        else reject(new SetupError(failure(command, args, code ?? signal, output)));
      });
    });
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

/** Standard output of a short command, or undefined when it is missing, fails or takes over ten seconds. */
export function outputOf(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

function failure(command, args, end, output) {
  const lines = output.trim().split('\n');
  const shown =
    lines.length <= 2 * shownLines ? lines : [...lines.slice(0, shownLines), '…', ...lines.slice(-shownLines)];
  return `\`${[command, ...args].join(' ')}\` failed (${end}):\n\n${shown.join('\n')}`;
}
