import { ConfigError, loadConfig } from './config.ts';
import { createProduct } from './embedded/product.ts';
import { StartError } from './embedded/start-error.ts';

// The whole product on one machine: `npm start`. Wiring only; what it supervises stands in embedded/.
let exitCode = 0;
let stopping = false;
let stopRequestedAt = 0;
/** Milliseconds in which another signal belongs to the same request. */
const sameRequest = 500;

// Files made from here on, also by children, are nobody else's to read.
process.umask(0o077);

const say = (line: string) => process.stdout.write(`${line}\n`);
// Whoever read our output may be gone (a closed pipe); that must not keep the product from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const fail = async (message: string) => {
  process.stderr.write(`\n${message}\n`);
  exitCode = 1;
  await end();
};

const product = createProduct({
  config: readConfig(),
  env: process.env,
  migrations: new URL('../migrations/', import.meta.url),
  say,
  onGiveUp: (reason) => void fail(reason),
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (!stopping) {
      stopRequestedAt = Date.now();
      say('Stopping … (once more to hurry)');
      return void end();
    }
    // One Ctrl-C under npm arrives twice: from the terminal, and passed on by npm.
    if (Date.now() - stopRequestedAt > sameRequest) product.hurry();
  });

// Only a program that forks this, such as a test, has the channel: when it dies, so does the product.
process.on('disconnect', () => void end());

try {
  await product.start();
} catch (error) {
  if (!stopping)
    await fail(
      error instanceof StartError ? error.message : error instanceof Error ? String(error.stack) : String(error),
    );
}

async function end(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await product.stop();
  process.exit(exitCode);
}

function readConfig() {
  try {
    return loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
