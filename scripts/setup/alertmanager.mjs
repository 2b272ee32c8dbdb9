import { access, constants, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, fillCache } from './cache.mjs';
import { outputOf, runQuietly } from './command.mjs';
import { SetupError, step } from './steps.mjs';

// The newest tag that `go install` takes: later ones embed a user interface that has to be built first.
const version = 'v0.31.1';

/** Path of an Alertmanager that runs, unmodified: one that is there already, else Debian's, else built with Go. */
export async function findAlertmanager() {
  const given = process.env.ALERTMANAGER_BIN;
  if (given) {
    if (!runs(given)) throw new SetupError(`ALERTMANAGER_BIN is ${given}, but \`alertmanager --version\` fails there.`);
    return given;
  }
  // Debian's package calls it by the second name.
  const installed = ['alertmanager', 'prometheus-alertmanager'].find(runs);
  if (installed) return installed;
  const packaged = await debiansProgram();
  if (packaged) return packaged;
  const directory = cacheDirectory(`alertmanager-${version}`);
  const program = join(directory, 'alertmanager');
  const isThere = () =>
    access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
  if (!(await isThere())) await fillCache(directory, isThere, build);
  return program;
}

/**
 * That of Debian's package, unpacked beside the system instead of installed: seconds instead of minutes. It looks for its
 * templates below /usr/share, so it gets a view of the file system of its own in which they are there. Undefined: this is
 * no Debian, its mirror cannot be reached, or no such view may be made here.
 */
async function debiansProgram() {
  const directory = cacheDirectory('alertmanager-debian');
  const program = join(directory, 'alertmanager');
  if (runs(program)) return program;
  if (['apt-get', 'dpkg-deb', 'unshare'].some((tool) => outputOf(tool, ['--version']) === undefined)) return undefined;
  await step("Fetching Debian's Alertmanager (10 MB, once)", async () => {
    try {
      await fillCache(
        directory,
        async () => runs(program),
        async (place) => {
          await runQuietly('apt-get', ['download', '-q', 'prometheus-alertmanager'], { cwd: place });
          await runQuietly('sh', ['-c', 'dpkg-deb -x prometheus-alertmanager_*.deb . && rm ./*.deb'], { cwd: place });
          await writeFile(join(place, 'alertmanager'), withTemplates, { mode: 0o755 });
        },
      );
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
    }
  });
  return runs(program) ? program : undefined;
}

const withTemplates = `#!/bin/sh
here=$(dirname "$0")
exec unshare --map-root-user --mount sh -c '
  mount -t tmpfs none /usr/share && cp -r "$0/usr/share/prometheus" /usr/share/ &&
  exec "$0/usr/bin/prometheus-alertmanager" "$@"
' "$here" "$@"
`;

function runs(program) {
  return outputOf(program, ['--version'])?.startsWith('alertmanager, version') ?? false;
}

async function build(directory) {
  if (outputOf('go', ['version']) === undefined)
    throw new SetupError(
      'The tests need Prometheus Alertmanager, and found none on the PATH; Go, which could build it, is missing too.\n' +
        'Install one of them (`apt-get install prometheus-alertmanager`, or Go 1.24 or newer from https://go.dev/dl/), ' +
        'or set ALERTMANAGER_BIN to an Alertmanager.',
    );
  await step(`Building Alertmanager ${version} with Go (about a minute and a half on two cores, once)`, () =>
    runQuietly('go', ['install', `github.com/prometheus/alertmanager/cmd/alertmanager@${version}`], {
      cwd: directory,
      env: { ...process.env, GOBIN: directory },
    }),
  );
}
