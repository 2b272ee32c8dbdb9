import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from './support.ts';

/** A webhook subscriber that answers 200 at once. */
export interface Subscriber {
  url: string;
  /** When each request's head came, on the clock of `performance.now()`. */
  arrivals: number[];
  /** Resolves with the body of the n-th request, counted from 1. */
  received(n: number): Promise<Json>;
  close(): Promise<void>;
}

export async function createSubscriber(): Promise<Subscriber> {
  const arrivals: number[] = [];
  const bodies: string[] = [];
  const waiting = new Map<number, (body: string) => void>();
  const server = createServer((request, response) => {
    arrivals.push(performance.now());
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      response.end();
      bodies.push(body);
      waiting.get(bodies.length)?.(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    arrivals,
    async received(n) {
      const body = bodies[n - 1] ?? (await within(60_000, new Promise<string>((resolve) => waiting.set(n, resolve))));
      return JSON.parse(body);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing came within ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
