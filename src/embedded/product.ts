import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { migrate, readMigrations } from '../stores/migrations.ts';
import { createSql } from '../stores/sql.ts';
import { announcement } from './announcement.ts';
import { openDataDirectory, type DataDirectory } from './data-directory.ts';
import { prepareFirstIncident } from './first-start.ts';
import { launchEntryPoint, stopLeftEntryPoints } from './launch-entry-point.ts';
import { launchPostgres, postgresUrl } from './postgres.ts';
import { openPostgresCluster } from './postgres-cluster.ts';
import { assertPortFree, assertReachable, freePort } from './ports.ts';
import { createRunFile, type RunFile } from './run-file.ts';
import { loadSecrets, markAdminKeyShown } from './secrets.ts';
import { createService, type Service } from './service.ts';
import { StartError } from './start-error.ts';
import { launchTemporal, stopLeftTemporal } from './temporal.ts';

export interface ProductOptions {
  config: Config;
  env: Record<string, string | undefined>;
  /** The directory of the numbered SQL files. */
  migrations: URL;
  /** Prints a line for the person at the terminal. */
  say(line: string): void;
  /** A process fails for good after the start; `stop` is to follow. */
  onGiveUp(reason: string): void;
}

/** The whole product on one machine: databases where none are given, API and worker as processes of their own. */
export interface Product {
  /** Resolves once everything serves; throws `StartError` for what people can mend. Never settles once stopped. */
  start(): Promise<void>;
  /** API and worker first, then Temporal, then Postgres. */
  stop(): Promise<void>;
  /** Makes a stop that is under way quick. */
  hurry(): void;
}

export function createProduct({ config, env, migrations, say, onGiveUp }: ProductOptions): Product {
  const stopRequested = new AbortController();
  const services: { entryPoints: Service[]; temporal?: Service; postgres?: Service } = { entryPoints: [] };
  let dataDirectory: DataDirectory | undefined;
  let runFile: RunFile | undefined;
  let making: Promise<unknown> = Promise.resolve();

  // Awaited between any two steps of the start, so that nothing is launched after a stop was asked for.
  const go = () => (stopRequested.signal.aborted ? new Promise<never>(() => {}) : Promise.resolve());
  const common = { say, onGiveUp };

  async function start(): Promise<void> {
    dataDirectory = openDataDirectory(config.dataDir);
    const { path, file } = dataDirectory;
    mkdirSync(file('logs'), { recursive: true, mode: 0o700 });
    const secrets = loadSecrets(file('secrets.json'), existsSync(file('postgres')));
    await stopLeftEntryPoints(path);
    await stopLeftTemporal(file('temporal.db'));
    await checkPorts(config);
    if (config.temporalAddress) await assertReachable('TEMPORAL_ADDRESS', config.temporalAddress);

    await go();
    const [postgresPort, temporalPort] = await Promise.all([freePort(), freePort(7233)]);
    const databaseUrl = config.databaseUrl ?? postgresUrl(postgresPort, secrets.postgresPassword);
    const temporalAddress = config.temporalAddress ?? `127.0.0.1:${temporalPort}`;
    const apiUrl = `http://localhost:${config.port}`;
    const temporalUiUrl = config.temporalAddress ? undefined : `http://localhost:${config.temporalUiPort}`;
    runFile = createRunFile(file('run.json'), { apiUrl, databaseUrl, temporalAddress, temporalUiUrl });
    const pids = runFile;
    await Promise.all([startPostgres(), startTemporal()]);

    await go();
    await applyMigrations(databaseUrl, migrations, say);
    await go();
    say('Starting the API and the worker …');
    const needs = [services.postgres, services.temporal].filter((service) => service !== undefined);
    const childEnv = environment(config, env, { dataDirectory: path, databaseUrl, temporalAddress, ...secrets });
    services.entryPoints = [
      entryPoint('the API', 'server', 'api', needs),
      entryPoint('the worker', 'worker', 'worker', needs),
    ];
    await Promise.all(services.entryPoints.map((service) => service.start()));

    await go();
    const adminKey = config.adminApiKey ?? secrets.adminApiKey;
    const webhookId = await prepareFirstIncident(`http://127.0.0.1:${config.port}`, adminKey).catch((error) => {
      say(`The first team, webhook and ruleset could not be made: ${messageOf(error)}`);
      return undefined;
    });
    await go();
    const newAdminKey = config.adminApiKey || secrets.adminKeyShown ? undefined : secrets.adminApiKey;
    say(
      announcement({
        apiUrl,
        newAdminKey,
        secretsFile: config.adminApiKey ? undefined : file('secrets.json'),
        temporalUiUrl,
        temporalAddress,
        webhookId,
      }),
    );
    if (newAdminKey) markAdminKeyShown(file('secrets.json'), secrets);

    async function startPostgres(): Promise<void> {
      if (config.databaseUrl) return;
      const isNew = !existsSync(file('postgres'));
      say(isNew ? 'Making a Postgres database (a few seconds, once) …' : 'Starting Postgres …');
      const { postgresPassword: password } = secrets;
      const opening = openPostgresCluster({ dataDirectory: path, password, signal: stopRequested.signal });
      making = opening;
      const cluster = await opening;
      const logFile = file('logs/postgres.log');
      await go();
      services.postgres = createService({
        ...common,
        name: 'Postgres',
        logFile,
        launch: () => launchPostgres(cluster, { port: postgresPort, password, logFile }),
        // Fast shutdown, and immediate: the latter leaves recovery to the next start.
        stopSignal: 'SIGINT',
        hurrySignal: 'SIGQUIT',
        stopWithin: 20_000,
        onPid: (pid) => pids.setPid('postgres', pid),
      });
      await services.postgres.start();
    }

    async function startTemporal(): Promise<void> {
      if (config.temporalAddress) return;
      say('Starting Temporal …');
      const logFile = file('logs/temporal.log');
      services.temporal = createService({
        ...common,
        name: 'Temporal',
        logFile,
        launch: () =>
          launchTemporal({
            program: config.temporalBin ?? 'temporal',
            databaseFile: file('temporal.db'),
            namespace: config.temporalNamespace,
            port: temporalPort,
            uiPort: config.temporalUiPort,
            logFile,
          }),
        stopSignal: 'SIGTERM',
        hurrySignal: 'SIGKILL',
        stopWithin: 10_000,
        onPid: (pid) => pids.setPid('temporal', pid),
      });
      await services.temporal.start();
    }

    function entryPoint(name: string, entry: 'server' | 'worker', short: 'api' | 'worker', needs: Service[]): Service {
      const logFile = file(`logs/${short}.log`);
      return createService({
        ...common,
        name,
        logFile,
        needs,
        launch: () => launchEntryPoint({ name: entry, env: childEnv, dataDirectory: path, logFile, say }),
        stopSignal: 'SIGTERM',
        hurrySignal: 'SIGKILL',
        stopWithin: 15_000,
        onPid: (pid) => pids.setPid(short, pid),
      });
    }
  }

  async function stop(): Promise<void> {
    stopRequested.abort();
    await making.catch(() => undefined);
    await Promise.all(services.entryPoints.map((service) => service.stop()));
    await services.temporal?.stop();
    await services.postgres?.stop();
    runFile?.remove();
    dataDirectory?.release();
  }

  function hurry(): void {
    for (const service of [...services.entryPoints, services.temporal, services.postgres]) service?.hurry();
  }

  return { start, stop, hurry };
}

async function checkPorts(config: Config): Promise<void> {
  await assertPortFree('PORT', config.port);
  if (config.temporalAddress) return;
  if (config.temporalUiPort === config.port)
    throw new StartError(`PORT and TEMPORAL_UI_PORT are both ${config.port}; set one of them to another.`);
  await assertPortFree('TEMPORAL_UI_PORT', config.temporalUiPort, '127.0.0.1');
}

async function applyMigrations(databaseUrl: string, directory: URL, say: (line: string) => void): Promise<void> {
  const sql = createSql(databaseUrl, { max: 1 });
  try {
    const applied = await migrate(sql, await readMigrations(directory));
    if (applied.length > 0) say(`Brought the database up to date (${applied.join(', ')}).`);
  } catch (error) {
    throw new StartError(`The database could not be brought up to date: ${messageOf(error)}`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** The settings of API and worker: those given, and what this start has found or made. */
function environment(
  config: Config,
  env: Record<string, string | undefined>,
  made: { dataDirectory: string; databaseUrl: string; temporalAddress: string; adminApiKey: string; secretKey: string },
): Record<string, string | undefined> {
  const isEmbedded = !config.databaseUrl && !config.temporalAddress;
  // With a Temporal of our own, certificates, keys and profiles for another one must not get in the way.
  const inherited = config.temporalAddress
    ? env
    : {
        ...Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'))),
        // A file that is not there stands for no profile; an empty one would not do.
        TEMPORAL_CONFIG_FILE: join(made.dataDirectory, 'no-profile.toml'),
      };
  return {
    ...inherited,
    PORT: String(config.port),
    DATABASE_URL: made.databaseUrl,
    TEMPORAL_ADDRESS: made.temporalAddress,
    TEMPORAL_NAMESPACE: config.temporalNamespace,
    ADMIN_API_KEY: config.adminApiKey ?? made.adminApiKey,
    SECRET_KEY: config.secretKey ?? made.secretKey,
    PUBLIC_URL: config.publicUrl,
    ...(isEmbedded && config.outboundAllowedNetworks === undefined
      ? { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128' }
      : {}),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
