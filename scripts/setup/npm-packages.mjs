import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runQuietly } from './command.mjs';
import { withLock } from './lock.mjs';
import { step } from './steps.mjs';

const root = new URL('../../', import.meta.url);
// Written last, so that an installation cut short is done again.
const stamp = new URL('node_modules/.tocsin-lock', root);

/** Installs exactly what package-lock.json names, unless that has been done. */
export async function installPackages() {
  if (await isInstalled()) return;
  await withLock(fileURLToPath(new URL('.cache/npm-packages.lock', root)), async () => {
    if (await isInstalled()) return;
    await step('Installing npm packages (about a minute, once)', async () => {
      // The same npm that was called, also where it is not on the PATH.
      const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
      const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
      await runQuietly(npm[0], [...npm.slice(1), ...args], { cwd: fileURLToPath(root) });
      await writeFile(stamp, await lockHash());
    });
  });
}

async function isInstalled() {
  return (await readFile(stamp, 'utf8').catch(() => '')) === (await lockHash());
}

/** Of what an installation follows from: the lock file and the patches that are put on packages. */
async function lockHash() {
  const hash = createHash('sha256').update(await readFile(new URL('package-lock.json', root)));
  const patches = new URL('patches/', root);
  for (const name of (await readdir(patches)).sort()) hash.update(name).update(await readFile(new URL(name, patches)));
  return hash.digest('hex');
}
