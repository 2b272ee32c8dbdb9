// `npm run build`: src → dist, and the workflow code bundled ahead, so that no worker spends its start on that.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runQuietly } from './setup/command.mjs';
import { runScript, step } from './setup/steps.mjs';

const root = new URL('../', import.meta.url);

await runScript(async () => {
  await step('Compiling src to dist', async () => {
    await rm(new URL('dist/', root), { recursive: true, force: true });
    const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root));
    await runQuietly(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: fileURLToPath(root) });
  });
  await step('Bundling the workflows', async () => {
    const { workflowBundle } = await import('../dist/temporal/workflow-bundle.js');
    await workflowBundle();
  });
});
