import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.ts';

/** Runs a Postgres program as a user that Postgres accepts: `file` and `args` for spawn, with its `options`. */
export interface UserSwitch {
  /** Undefined: Postgres runs as whoever runs Tocsin. */
  owner: { uid: number; gid: number } | undefined;
  command(file: string, args: string[]): { file: string; args: string[]; options: { uid?: number; gid?: number } };
}

const userName = 'postgres';

/**
 * Root hands over to whoever owns the cluster that is there already, else to the user `postgres`, made where it is
 * missing: Postgres refuses root, and a cluster that is not its own.
 */
export function findOwner(cluster: { uid: number; gid: number } | undefined): UserSwitch['owner'] {
  if (process.getuid?.() !== 0) return undefined;
  if (cluster && cluster.uid !== 0) return { uid: cluster.uid, gid: cluster.gid };
  if (idOf('-u') === undefined) {
    spawnSync('groupadd', ['--system', userName]);
    spawnSync('useradd', ['--system', '--gid', userName, '--no-create-home', '--shell', '/bin/false', userName]);
  }
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  if (uid === undefined || gid === undefined)
    throw new StartError(
      `Postgres refuses to run as root, and the user "${userName}" could not be made. Make it, run Tocsin as another ` +
        'user than root, or set DATABASE_URL to a Postgres that runs elsewhere.',
    );
  return { uid, gid };
}

/**
 * A way to run `program` so that it reaches itself and `directory`, or undefined when there is none. Below a closed
 * home directory (a clone in /root) the postgres user gets through with one capability that looks past directory
 * modes; it owns nothing more by that, and the state stays in its place.
 */
export function findUserSwitch(
  owner: UserSwitch['owner'],
  program: string,
  directory: string,
  setpriv = 'setpriv',
): UserSwitch | undefined {
  if (!owner) return { owner, command: (file, args) => ({ file, args, options: {} }) };
  const switches: UserSwitch[] = [
    { owner, command: (file, args) => ({ file, args, options: owner }) },
    // Containers often have only the second, stronger one to give.
    ...['dac_read_search', 'dac_override'].map((capability) => withCapability(owner, setpriv, capability)),
  ];
  return switches.find((candidate) => reaches(candidate, program, directory));
}

function withCapability(owner: { uid: number; gid: number }, setpriv: string, capability: string): UserSwitch {
  const options = [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    // Without this bit access(2), by which Postgres looks for its own files, leaves capabilities out of account.
    '--securebits=+no_setuid_fixup',
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
    '--',
  ];
  return { owner, command: (file, args) => ({ file: setpriv, args: [...options, file, ...args], options: {} }) };
}

function reaches(candidate: UserSwitch, program: string, directory: string): boolean {
  const { uid, gid } = candidate.owner!;
  const room = mkdtempSync(join(directory, '.reach-'));
  try {
    chownSync(room, uid, gid);
    chmodSync(room, 0o700);
    const script = '"$1" --version >/dev/null && : > "$2/probe"';
    const { file, args, options } = candidate.command('/bin/sh', ['-c', script, 'sh', program, room]);
    return spawnSync(file, args, { ...options, cwd: '/', stdio: 'ignore' }).status === 0;
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

function idOf(which: '-u' | '-g'): number | undefined {
  const result = spawnSync('id', [which, userName], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout) : undefined;
}
