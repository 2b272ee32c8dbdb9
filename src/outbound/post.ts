import type { LookupFunction } from 'node:net';
import { isIPv6 } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';
import type { AttemptResult, Outcome } from '../domain/webhook/attempt.ts';
import { readRetryAfter } from '../domain/webhook/retry-after.ts';
import { createAddressGuard, type AddressGuard } from './address-guard.ts';
import type { Lookup } from './lookup.ts';
import { classifyFailure } from './post-failure.ts';
import { parseTarget, RefusedTarget } from './target.ts';

export interface PostRequest {
  url: string;
  /** Names in lower case. They replace those of every request, such as content-type and user-agent. */
  headers: Record<string, string>;
  body: string;
  /** Instead of the one for all. */
  timeoutMs?: number;
}

export type PostResult = AttemptResult & { outcome: Exclude<Outcome, 'loop'> };

/** Sends one body, JSON unless its headers say otherwise, and says what became of it; never throws. */
export type Post = (request: PostRequest) => Promise<PostResult>;

export interface PostOptions {
  allowedNetworks: string[];
  lookup?: Lookup;
  /** For look-up, connection and answer together. */
  timeoutMs?: number;
  /** Certificates in PEM that are trusted instead of those that Node.js trusts. */
  authorities?: string[];
}

/** What receivers are promised: a 2xx within this time counts. */
export const postTimeoutMs = 10_000;

/** So much of an answer is kept, and so long the rest is waited for once its status has come. */
const maxResponseBytes = 20 * 1024;
const responseBodyMs = 1_000;

/**
 * Each call looks the name up, checks every address, connects to one of those and to no other, and closes the
 * connection afterwards: one that was kept open would outlive the check. Redirects are answers, never followed.
 */
export function createPost(options: PostOptions): Post {
  const { allowedNetworks, lookup, authorities } = options;
  const guard = createAddressGuard({ allowedNetworks, lookup });

  return async (request) => {
    const startedAt = performance.now();
    const elapsed = () => Math.round(performance.now() - startedAt);
    const timeoutMs = request.timeoutMs ?? options.timeoutMs ?? postTimeoutMs;
    const late = AbortSignal.timeout(timeoutMs);
    let client: Client | undefined;
    try {
      const url = parseTarget(request.url);
      const addresses = await abortable(guard.addressesOf(url), late);
      client = new Client(url.origin, {
        connect: connectorTo(addresses, guard, { timeoutMs, authorities }),
        headersTimeout: 0,
        bodyTimeout: 0,
        maxHeaderSize: 16 * 1024,
      });
      const answer = await client.request({
        method: 'POST',
        path: url.pathname + url.search,
        headers: {
          'user-agent': 'Tocsin-Webhooks/1',
          'content-type': 'application/json',
          accept: '*/*',
          'accept-encoding': 'identity',
          ...request.headers,
        },
        body: request.body,
        signal: late,
        reset: true,
      });
      const response = await beginningOf(answer.body);
      const retryAfterMs = readRetryAfter(textOf(answer.headers['retry-after']), Date.now());
      return {
        ...judge(answer.statusCode),
        statusCode: answer.statusCode,
        durationMs: elapsed(),
        response,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      };
    } catch (error) {
      return { ...classifyFailure(error, late.aborted), statusCode: null, durationMs: elapsed(), response: null };
    } finally {
      client?.destroy().catch(() => undefined);
    }
  };
}

function judge(status: number): Pick<PostResult, 'outcome' | 'error'> {
  if (status >= 200 && status < 300) return { outcome: 'success', error: null };
  const redirect = status >= 300 && status < 400;
  return {
    outcome: 'http_error',
    error: redirect ? `answered ${status}; redirects are not followed` : `answered ${status}`,
  };
}

/** Of a header that came several times, the first counts. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** Connects to the given addresses only, and looks once more at the one that was reached. */
function connectorTo(
  addresses: string[],
  guard: AddressGuard,
  { timeoutMs, authorities }: { timeoutMs: number; authorities: string[] | undefined },
): buildConnector.connector {
  const entries = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const lookup: LookupFunction = (_hostname, options, callback) => {
    if (options.all) callback(null, entries);
    else callback(null, entries[0]!.address, entries[0]!.family);
  };
  const connect = buildConnector({
    lookup,
    autoSelectFamily: true,
    timeout: timeoutMs,
    maxCachedSessions: 0,
    ...(authorities === undefined ? {} : { ca: authorities }),
  });
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error) return callback(error, null);
      if (guard.allows(socket.remoteAddress ?? '')) return callback(null, socket);
      socket.destroy();
      callback(new RefusedTarget('must not lead to a private or reserved address'), null);
    });
  };
}

/**
 * The first 20 KB of the body. The status has decided already, so a body that dawdles or breaks off changes nothing
 * and is not waited for.
 */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const dawdling = setTimeout(() => body.destroy(), responseBodyMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, maxResponseBytes - size));
      size += chunk.length;
      if (size >= maxResponseBytes) break;
    }
  } catch {
    // What came before it broke off is kept.
  } finally {
    clearTimeout(dawdling);
  }
  // Postgres stores no NUL.
  return new TextDecoder().decode(Buffer.concat(chunks)).replaceAll('\0', '\uFFFD');
}

/** Settles as `work` does, or throws the signal's reason as soon as it aborts. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
