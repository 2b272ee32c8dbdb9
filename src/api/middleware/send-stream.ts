import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import type { Streamed } from '../route.ts';

/** How long somebody may take nothing of an answer before it is broken off: it holds a connection to Postgres. */
const longestStallMs = 30_000;

/**
 * Sends an answer as it is made, as fast as it is read. What fails before its first piece is an error like any other.
 * What fails later breaks the connection off: a body that just ended would be taken for the whole. Settles once all is
 * handed to the connection, or the reader has gone.
 */
export async function sendStream(
  ctx: Context,
  { contentType, headers, write }: Streamed,
  stallMs = longestStallMs,
): Promise<void> {
  const { res } = ctx;
  const begin = () => {
    ctx.respond = false;
    ctx.status = 200;
    ctx.set({ ...headers, 'Content-Type': contentType });
    res.flushHeaders();
  };
  if (ctx.method === 'HEAD') {
    begin();
    return void res.end();
  }
  try {
    await write(async (text) => {
      if (!res.headersSent) begin();
      if (res.destroyed) throw new ReaderGone();
      if (!res.write(text)) await drained(res, stallMs);
    });
    if (!res.headersSent) begin();
    res.end();
  } catch (error) {
    if (!res.headersSent) throw error;
    res.destroy();
    if (!(error instanceof ReaderGone)) throw error;
  }
}

/** Whoever asked for the answer reads it no more. */
class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

async function drained(res: ServerResponse, stallMs: number): Promise<void> {
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(), stallMs);
  try {
    await Promise.race([
      once(res, 'drain', { signal: stall.signal }),
      once(res, 'close', { signal: stall.signal }).then(() => Promise.reject(new ReaderGone())),
    ]);
  } catch {
    throw new ReaderGone();
  } finally {
    clearTimeout(timer);
    // Takes the listener off that was not called.
    stall.abort();
  }
}
