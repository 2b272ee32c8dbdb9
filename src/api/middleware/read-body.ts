import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { Refusal } from '../../domain/error-code.ts';

/**
 * Reads a request's body, decompressed, up to `limit` bytes before and after decompression. Throws `Refusal`:
 * `body_too_large` (at once, from Content-Length or at the first byte too many), `malformed_body` (broken compression,
 * or the client went away), `unsupported_media_type` (another Content-Encoding).
 */
export async function readBody(request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer> {
  const decompress = decompressorOf(request.headers['content-encoding']);
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    hangUpUnlessSoonDone(request);
    throw tooLarge(limit);
  }
  // Ours to answer: a client that asked first is told to go on only once nothing speaks against its body.
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const sent = await collect(request, limit);
  if (!decompress || sent.length === 0) return sent;
  try {
    return await decompress(sent, limit);
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limit);
    throw new Refusal('malformed_body', 'The body is not what its Content-Encoding says.');
  }
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stop = () => {
      request.off('data', take).off('end', finish).off('error', fail).off('close', fail);
      request.pause();
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) return void chunks.push(chunk);
      stop();
      hangUpUnlessSoonDone(request);
      reject(tooLarge(limit));
    };
    const finish = () => {
      stop();
      resolve(Buffer.concat(chunks));
    };
    const fail = () => {
      stop();
      reject(new Refusal('malformed_body', 'The body ended before it was complete.'));
    };
    request.on('data', take).on('end', finish).on('error', fail).on('close', fail);
  });
}

/**
 * A client that is still sending does not read our answer yet, and closing at once would reset the connection under
 * it. So what it sends is discarded for a moment (as nginx's lingering_close does), then the connection goes.
 */
function hangUpUnlessSoonDone(request: IncomingMessage): void {
  const { socket } = request;
  const lingerBytes = 2 * 1024 * 1024;
  const from = socket.bytesRead;
  const watch = setInterval(() => {
    if (request.complete || socket.destroyed) clearInterval(watch);
    else if (socket.bytesRead - from > lingerBytes) socket.destroy();
  }, 50);
  const end = setTimeout(() => {
    clearInterval(watch);
    if (!request.complete) socket.destroy();
  }, 1_000);
  watch.unref();
  end.unref();
}

type Decompress = (bytes: Buffer, limit: number) => Promise<Buffer>;

const decompressors: Record<string, Decompress> = {
  gzip: (bytes, limit) => promisify(gunzip)(bytes, { maxOutputLength: limit }),
  // RFC 9110 means the zlib format; some clients send raw deflate, which never begins with the zlib method 8.
  deflate: (bytes, limit) =>
    promisify(((bytes[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(bytes, { maxOutputLength: limit }),
  br: (bytes, limit) => promisify(brotliDecompress)(bytes, { maxOutputLength: limit }),
};

function decompressorOf(header: string | undefined): Decompress | undefined {
  const encoding = (header ?? '')
    .trim()
    .toLowerCase()
    .replace(/^x-gzip$/, 'gzip');
  if (encoding === '' || encoding === 'identity') return undefined;
  const decompress = Object.hasOwn(decompressors, encoding) ? decompressors[encoding] : undefined;
  if (!decompress)
    throw new Refusal('unsupported_media_type', 'Send the body plain, or with Content-Encoding gzip, deflate or br.');
  return decompress;
}

function tooLarge(limit: number): Refusal {
  return new Refusal('body_too_large', `The body is larger than ${limit / 1024} KiB.`);
}
