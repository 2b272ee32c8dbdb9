import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, fillCache } from './cache.mjs';
import { outputOf, runQuietly } from './command.mjs';
import { downloadFromTemporal, reasonOf } from './sdk-download.mjs';
import { say, SetupError, step } from './steps.mjs';

// The newest tag that `go install` takes: later ones have replace directives in their go.mod.
const version = 'v1.5.1';
// A CLI built with `go install` calls itself 0.0.0-DEV, so the server inside tells its age: 1.27 came with CLI 1.3,
// the first whose dev server takes SQLite pragmas and starts workflows by update.
const oldestServer = [1, 27];

/** Path of a Temporal CLI that runs: one that is there already, else downloaded, else built. */
export async function findTemporalCli() {
  const given = process.env.TEMPORAL_BIN;
  if (given) {
    const problem = problemOf(given);
    if (problem) throw new SetupError(`TEMPORAL_BIN is ${given}, but ${problem}.`);
    return given;
  }
  const cached = join(cacheDirectory(`temporal-${version}`), 'temporal');
  const installed = 'temporal';
  if (problemOf(installed) === undefined) return installed;
  if (await isExecutable(cached)) return cached;

  await fillCache(
    cacheDirectory(`temporal-${version}`),
    () => isExecutable(cached),
    async (directory) => {
      const target = join(directory, 'temporal');
      if (!(await download(target))) await build(directory);
      const problem = problemOf(target);
      if (problem) throw new SetupError(`The Temporal CLI was fetched, but ${problem}.`);
    },
  );
  return cached;
}

/** Why a program cannot serve as Temporal CLI; undefined when it can. */
export function problemOf(program) {
  const output = outputOf(program, ['--version']);
  if (output === undefined) return '`temporal --version` does not run there';
  const server = /\bServer (\d+)\.(\d+)/.exec(output)?.slice(1).map(Number);
  if (!server) return `it answers \`${output.slice(0, 80)}\` to --version, unlike the Temporal CLI`;
  const [major, minor] = server;
  const isOld = major < oldestServer[0] || (major === oldestServer[0] && minor < oldestServer[1]);
  return isOld ? `its server ${major}.${minor} is older than ${oldestServer.join('.')} (Temporal CLI 1.3)` : undefined;
}

async function download(target) {
  try {
    await step(`Downloading the Temporal CLI ${version} (some 50 MB, once)`, () =>
      downloadFromTemporal('cli', version, target),
    );
    return true;
  } catch (error) {
    say(`  not possible: ${reasonOf(error)}`);
    return false;
  }
}

async function build(directory) {
  const go = outputOf('go', ['version']);
  if (go === undefined)
    throw new SetupError(
      'Tocsin needs the Temporal CLI, and found no way to get it: it is neither on the PATH nor downloadable here, and ' +
        'Go, which could build it, is missing.\nDo one of these and run the command again:\n' +
        '  - install Go 1.24 or newer (https://go.dev/dl/),\n' +
        '  - set TEMPORAL_BIN to a Temporal CLI (https://docs.temporal.io/cli),\n' +
        '  - set TEMPORAL_ADDRESS to a Temporal that runs elsewhere.',
    );
  await step(`Building the Temporal CLI ${version} with Go (about 4 minutes on two cores, once)`, () =>
    runQuietly('go', ['install', `github.com/temporalio/cli/cmd/temporal@${version}`], {
      cwd: directory,
      env: { ...process.env, GOBIN: directory },
    }),
  );
}

async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
