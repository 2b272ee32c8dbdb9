import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, fillCache } from './cache.mjs';
import { outputOf, runQuietly } from './command.mjs';
import { SetupError, step } from './steps.mjs';

const requirements = fileURLToPath(new URL('../../test/schemathesis/requirements.txt', import.meta.url));
// What the pinned schemathesis asks of it.
const oldestPython = [3, 11];

/**
 * A Python in whose environment the pinned schemathesis is installed: `<it> -m schemathesis.cli`. `SCHEMATHESIS_PYTHON`
 * names one to use instead. pip takes packages from wherever its own configuration says.
 */
export async function findSchemathesis() {
  const given = process.env.SCHEMATHESIS_PYTHON;
  if (given) {
    if (!isInstalled(given)) throw new SetupError(`SCHEMATHESIS_PYTHON is ${given}, but it has no schemathesis.`);
    return given;
  }
  const pins = await readFile(requirements, 'utf8');
  const hash = createHash('sha256').update(pins).digest('hex').slice(0, 12);
  const directory = cacheDirectory(`schemathesis-${hash}`);
  // Not its `schemathesis` script, which holds the path that the environment was made under.
  const python = join('bin', 'python');
  const isThere = async () => isInstalled(join(directory, python));
  if (!(await isThere()))
    await fillCache(directory, isThere, async (unfinished) => {
      const base = findPython();
      await step('Installing schemathesis with pip (some 30 MB, about half a minute, once)', async () => {
        await runQuietly(base, ['-m', 'venv', unfinished]).catch((error) => {
          throw new SetupError(`${error.message}\n\nOn Debian and Ubuntu: apt-get install python3-venv`);
        });
        await runQuietly(join(unfinished, python), ['-m', 'pip', 'install', '--requirement', requirements]);
      });
    });
  return join(directory, python);
}

function isInstalled(python) {
  return outputOf(python, ['-m', 'schemathesis.cli', '--version']) !== undefined;
}

function findPython() {
  const program = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11'].find(isNewEnough);
  if (program) return program;
  throw new SetupError(
    `The tests need Python ${oldestPython.join('.')} or newer with pip, for schemathesis (https://schemathesis.io), and ` +
      'found none on the PATH.\nInstall it (`apt-get install python3-venv`), or set SCHEMATHESIS_PYTHON to a Python ' +
      'that has schemathesis installed.',
  );
}

function isNewEnough(program) {
  const version = outputOf(program, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  if (version === undefined) return false;
  const [major, minor] = version.split('.').map(Number);
  return major > oldestPython[0] || (major === oldestPython[0] && minor >= oldestPython[1]);
}
