import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { StartError } from './start-error.ts';

/** Throws `StartError` when a port that a setting names cannot be listened on. `host` undefined means every address. */
export async function assertPortFree(setting: string, port: number, host?: string): Promise<void> {
  const code = await listenError(port, host);
  if (code === undefined) return;
  throw new StartError(
    code === 'EADDRINUSE'
      ? `Port ${port} is taken; set ${setting} to another.`
      : `Port ${port} cannot be used (${code}); set ${setting} to another.`,
  );
}

/**
 * From below what systems give to outgoing connections (Linux from 32768, macOS and Windows from 49152). Above, any
 * connection may take the port before we listen, or while what listened is started again; even one that is made to that
 * very port meanwhile, which then reaches itself.
 */
const quiet = { from: 20_000, to: 32_768 };
const tries = 100;

/** The preferred port when it is free on loopback, else another one. */
export async function freePort(preferred?: number): Promise<number> {
  for (let attempt = 0, port = preferred ?? quietPort(); attempt < tries; attempt++, port = quietPort())
    if ((await listenError(port, '127.0.0.1')) === undefined) return port;
  throw new StartError(`Found no free port between ${quiet.from} and ${quiet.to}.`);
}

function quietPort(): number {
  return randomInt(quiet.from, quiet.to);
}

/** Throws `StartError` when nothing takes a connection at `host:port` within five seconds. */
export async function assertReachable(setting: string, address: string): Promise<void> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  const reason = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ host, port: Number(address.slice(at + 1)), timeout: 5_000 });
    const end = (why?: string) => {
      socket.destroy();
      resolve(why);
    };
    socket.on('connect', () => end());
    socket.on('timeout', () => end('no answer within 5 seconds'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
  if (reason)
    throw new StartError(`${setting} ${address} cannot be reached (${reason}). Start it, or correct ${setting}.`);
}

function listenError(port: number, host?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
