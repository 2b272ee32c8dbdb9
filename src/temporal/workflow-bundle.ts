import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const root = new URL('../', import.meta.url);
const require = createRequire(import.meta.url);

/**
 * The workflow code as one file for the Worker. Built once for each state of the sources and kept below
 * `node_modules/.cache`, because building takes seconds and a worker that restarts after a crash should not.
 */
export async function workflowBundle(): Promise<{ codePath: string }> {
  const cache = new URL('../node_modules/.cache/tocsin/', root);
  const file = new URL(`workflows-${await sourcesHash()}.js`, cache);
  if (!(await exists(file))) {
    const { code } = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL(`workflows/index${extension()}`, root)),
      logger: { ...silent },
    });
    await mkdir(cache, { recursive: true });
    const unfinished = new URL(`${file.href}.${process.pid}`);
    await writeFile(unfinished, code);
    await rename(unfinished, file);
  }
  return { codePath: fileURLToPath(file) };
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256').update(require('@temporalio/workflow/package.json').version);
  for (const folder of ['workflows/', 'domain/', 'temporal/']) {
    const names = (await readdir(new URL(folder, root), { recursive: true })).filter((name) => /\.(ts|js)$/.test(name));
    for (const name of names.sort()) hash.update(name).update(await readFile(new URL(`${folder}${name}`, root)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Sources run as `.ts`; a build has `.js`. */
function extension(): string {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js';
}

async function exists(file: URL): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}

const nothing = () => {};
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
