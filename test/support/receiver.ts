import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Milliseconds since 1970, when the body was complete. */
  at: number;
}

/** How a receiver answers; all parts are optional, the default is an empty 200 at once. */
export interface Behaviour {
  status?: number;
  body?: string | Buffer;
  headers?: Record<string, string>;
  /** Waits before it answers. */
  delayMs?: number;
  /** Takes the request and never answers. */
  hang?: boolean;
  /** Sends status and headers, then nothing more. */
  stall?: boolean;
  /** Cuts the connection instead of answering. */
  reset?: boolean;
  /** Where a 3xx leads. */
  location?: string;
  /** Answers in its own way instead. */
  respond?: (response: ServerResponse, request: ReceivedRequest) => void;
}

/** A subscriber's endpoint whose behaviour a test can switch at any time. */
export interface Receiver {
  url: string;
  port: number;
  requests: ReceivedRequest[];
  behave(behaviour: Behaviour | ((request: ReceivedRequest) => Behaviour)): void;
  /** Polls until `holds` does, then answers the requests so far; throws after `timeoutMs`. */
  waitFor(holds: (requests: ReceivedRequest[]) => boolean, timeoutMs?: number): Promise<ReceivedRequest[]>;
  close(): Promise<void>;
}

export async function createReceiver(port = 0): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  let behaviour: (request: ReceivedRequest) => Behaviour = () => ({});

  const server = createServer((request, response) => {
    receive(request).then(
      (received) => {
        requests.push(received);
        answer(response, received, behaviour(received));
      },
      () => response.destroy(),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    port: address.port,
    requests,
    behave(next) {
      behaviour = typeof next === 'function' ? next : () => next;
    },
    async waitFor(holds, timeoutMs = 30_000) {
      const deadline = Date.now() + timeoutMs;
      while (!holds(requests)) {
        if (Date.now() > deadline)
          throw new Error(`The receiver waited ${timeoutMs} ms in vain; it has ${requests.length} requests`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return requests;
    },
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
    at: Date.now(),
  };
}

function answer(response: ServerResponse, request: ReceivedRequest, behaviour: Behaviour): void {
  const respond = () => {
    if (behaviour.hang) return;
    if (behaviour.reset) return void response.socket?.resetAndDestroy();
    if (behaviour.respond) return behaviour.respond(response, request);
    response.writeHead(behaviour.status ?? 200, {
      ...(behaviour.location === undefined ? {} : { location: behaviour.location }),
      ...behaviour.headers,
    });
    if (behaviour.stall) return void response.flushHeaders();
    response.end(behaviour.body);
  };
  if (behaviour.delayMs === undefined) respond();
  else setTimeout(respond, behaviour.delayMs);
}
