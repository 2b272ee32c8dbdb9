import type { PostResult } from './post.ts';
import { RefusedTarget } from './target.ts';

type Failure = Pick<PostResult, 'outcome' | 'error'>;

/** What a call that got no answer died of. `late`: its time was up. */
export function classifyFailure(error: unknown, late: boolean): Failure {
  if (error instanceof RefusedTarget) return { outcome: 'refused_address', error: `the URL ${error.message}` };
  const code = codeOf(error);
  if (late || timeouts.has(code)) return { outcome: 'timeout', error: 'no answer in time' };
  if (isTlsCode(code)) return { outcome: 'tls_error', error: `TLS failed: ${code}` };
  if (code.startsWith('HPE_') || code === 'HTTPParserError')
    return { outcome: 'network_error', error: `the answer is not HTTP: ${code}` };
  return { outcome: 'network_error', error: described.get(code) ?? `connection failed: ${code}` };
}

const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT']);

const described = new Map([
  ['ENOTFOUND', 'the host name does not exist'],
  ['ENODATA', 'the host name has no address'],
  ['ETIMEOUT', 'the name servers did not answer'],
  ['ESERVFAIL', 'the name servers failed'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed before an answer came'],
  ['UND_ERR_SOCKET', 'the connection was closed before an answer came'],
  ['UND_ERR_HEADERS_OVERFLOW', 'the answer has too many headers'],
]);

/** Only the code is kept: messages may repeat what was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // Several addresses were tried: the first failure stands for all.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'UND_ERR_SOCKET' && error.cause instanceof Error) return codeOf(error.cause);
  return code;
}

/** OpenSSL's and Node's names for certificates that do not verify and handshakes that fail. */
function isTlsCode(code: string): boolean {
  return (
    /^(ERR_TLS|ERR_SSL|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO$)/.test(
      code,
    ) || ['PATH_LENGTH_EXCEEDED', 'ERROR_IN_CERT_NOT_BEFORE_FIELD', 'ERROR_IN_CERT_NOT_AFTER_FIELD'].includes(code)
  );
}
