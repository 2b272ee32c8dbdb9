import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between the product and Postgres, and can keep what Postgres answers from arriving. */
export interface PgProxy {
  /** The database's URL through the proxy. */
  url: string;
  /**
   * Clients of this application name hear nothing more from Postgres, while what they say still arrives there: from
   * the next answer that holds this completion tag ("COMMIT", "INSERT 0 1"), itself included, or from now on.
   */
  holdAnswers(applicationName: string, tag?: string): void;
  isHolding(): boolean;
  /** Lets the held answers through, to whoever is still there. */
  letGo(): void;
  close(): Promise<void>;
}

interface Link {
  client: Socket;
  server: Socket;
  applicationName: string;
  heldBack: Buffer[];
}

export async function createPgProxy(databaseUrl: string): Promise<PgProxy> {
  const target = new URL(databaseUrl);
  const links = new Set<Link>();
  let awaited: { applicationName: string; tag: string } | undefined;
  let held: string | undefined;

  const holds = ({ applicationName }: Link, chunk: Buffer) => {
    if (awaited?.applicationName === applicationName && chunk.includes(`${awaited.tag}\0`)) {
      held = applicationName;
      awaited = undefined;
    }
    return held === applicationName;
  };

  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const link: Link = { client, server, applicationName: '', heldBack: [] };
    links.add(link);
    client.on('data', (chunk) => {
      // The first message holds the connection's settings, as words that end with a NUL.
      link.applicationName ||= /\0application_name\0([^\0]*)\0/.exec(chunk.toString('latin1'))?.[1] ?? 'unknown';
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (holds(link, chunk)) link.heldBack.push(chunk);
      else client.write(chunk);
    });
    const end = () => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;

  return {
    url: Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String(port) }).toString(),
    holdAnswers(applicationName, tag) {
      if (tag === undefined) held = applicationName;
      else awaited = { applicationName, tag };
    },
    isHolding: () => held !== undefined,
    letGo() {
      held = undefined;
      for (const { client, heldBack } of links) for (const chunk of heldBack.splice(0)) client.write(chunk);
    },
    async close() {
      for (const { client } of links) client.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
