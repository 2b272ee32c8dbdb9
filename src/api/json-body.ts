import { Refusal } from '../domain/error-code.ts';
import { invalidField } from './errors.ts';

/** Deeper JSON than this is refused before parsing: validators and jsonb recurse. */
const deepest = 64;

/**
 * Reads bytes as JSON in UTF-8; a byte order mark is skipped. Nothing at all is `{}`. `contentType` as the request has it;
 * undefined where it does not matter. Throws `Refusal`.
 */
export function parseJsonBody(bytes: Buffer, contentType: string | null | undefined): unknown {
  if (bytes.length === 0) return {};
  if (contentType !== undefined) assertJsonType(contentType);
  const source = decode(bytes);
  if (isDeeperThan(source, deepest)) throw invalidField('body', `must not be nested deeper than ${deepest} levels`);
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new Refusal('malformed_json', `The body is not JSON: ${positionOf(error)}.`);
  }
}

function assertJsonType(contentType: string | null): void {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (!/^application\/([a-z0-9.-]+\+)?json$/.test(type))
    throw new Refusal('unsupported_media_type', 'Send the body as application/json.');
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset.replaceAll('"', '')))
    throw new Refusal('unsupported_media_type', 'Send the body in UTF-8.');
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal('malformed_json', 'The body is not valid UTF-8.');
  }
}

/** Counts brackets outside strings; the text need not be valid JSON. */
function isDeeperThan(source: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < source.length; index++) {
    const character = source.charCodeAt(index);
    if (inString) {
      if (character === 0x5c /* \ */) index++;
      else if (character === 0x22 /* " */) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x7b /* { */ || character === 0x5b /* [ */) {
      if (++depth > limit) return true;
    } else if (character === 0x7d /* } */ || character === 0x5d /* ] */) depth--;
  }
  return false;
}

/** The engine's message can quote the body; only where it stopped is told. */
function positionOf(error: unknown): string {
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  return position === undefined ? 'it ends too early or has a syntax error' : `syntax error at position ${position}`;
}
