// `npm test [-- <mocha's arguments>]`: gets what is missing, starts a Postgres and a Temporal to throw away, runs mocha.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findAlertmanager } from './setup/alertmanager.mjs';
import { installPackages } from './setup/npm-packages.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { findSchemathesis } from './setup/schemathesis.mjs';
import { runScript, step } from './setup/steps.mjs';
import { findTemporalCli } from './setup/temporal-cli.mjs';
import { findTestServer } from './setup/temporal-test-server.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

await runScript(async () => {
  checkNodeVersion();
  await installPackages();
  const temporalCli = await findTemporalCli();
  const testServer = await findTestServer();
  const schemathesis = await findSchemathesis();
  const alertmanager = await findAlertmanager();
  const { register } = await import('tsx/esm/api');
  register();
  const { startTestServers } = await import('../test/support/servers.ts');

  let mocha;
  let signalled = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      signalled = true;
      // The group: mocha runs the tests in a process of its own, and those start more.
      if (mocha) process.kill(-mocha.pid, 'SIGKILL');
    });

  const servers = await step('Starting Postgres and Temporal for the tests', () => startTestServers(temporalCli));
  let code = 1;
  try {
    if (!signalled) code = await runMocha();
  } finally {
    await servers.stop();
  }
  process.exit(code);

  async function runMocha() {
    const given = process.argv.slice(2);
    const names = given.some((argument) => /\.ts$|[*/]$/.test(argument));
    const args = [...given, ...(names ? [] : ['test/**/*.test.ts'])];
    mocha = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args], {
      cwd: root,
      stdio: 'inherit',
      detached: true,
      env: {
        ...process.env,
        TEST_DATABASE_URL: servers.databaseUrl,
        TEST_TEMPORAL_ADDRESS: servers.temporalAddress,
        TEMPORAL_BIN: temporalCli,
        TEMPORAL_TEST_SERVER: testServer,
        SCHEMATHESIS_PYTHON: schemathesis,
        ALERTMANAGER_BIN: alertmanager,
      },
    });
    const [exitCode] = await once(mocha, 'exit');
    return exitCode ?? 1;
  }
});
