// `npm start`: gets what is missing, then runs the product in this same process, so that a signal reaches it directly.
import { installPackages } from './setup/npm-packages.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { runScript } from './setup/steps.mjs';
import { findTemporalCli } from './setup/temporal-cli.mjs';

await runScript(async () => {
  checkNodeVersion();
  await installPackages();
  if (!process.env.TEMPORAL_ADDRESS) process.env.TEMPORAL_BIN = await findTemporalCli();
  // Only now: they are npm packages.
  const { register } = await import('tsx/esm/api');
  register();
  await import('../src/main.ts');
});
