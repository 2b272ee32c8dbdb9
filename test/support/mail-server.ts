import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { poll } from './poll.ts';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** As it came over the wire. */
  raw: string;
  /** Names in lower case, folded lines made one. */
  headers: Record<string, string>;
  text: string;
  html: string;
}

export interface MailBehaviour {
  /** Refuses the recipient with this SMTP code. */
  refuse?: number;
  /** Takes the message, and never says so. */
  hang?: boolean;
}

/** A real SMTP server that keeps what it is sent. */
export interface MailServer {
  url: string;
  mails: ReceivedMail[];
  behave(behaviour: MailBehaviour): void;
  waitFor(holds: (mails: ReceivedMail[]) => boolean, timeoutMs?: number): Promise<ReceivedMail[]>;
  close(): Promise<void>;
}

export async function createMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  let behaviour: MailBehaviour = {};
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    ...options,
    onRcptTo(_address, _session, callback) {
      const { refuse } = behaviour;
      if (refuse === undefined) return callback();
      callback(Object.assign(new Error('no such user, and a secret'), { responseCode: refuse }));
    },
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('latin1');
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), raw, ...parsed(raw) });
        if (!behaviour.hang) callback();
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;

  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    behave: (next) => void (behaviour = next),
    async waitFor(holds, timeoutMs = 30_000) {
      await poll(() => holds(mails), { timeoutMs, what: `the mail (so far ${mails.length})` });
      return mails;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The six digits of a mail that verifies an address. */
export function codeIn({ text }: Pick<ReceivedMail, 'text'>): string {
  return /^\d{6}$/m.exec(text)![0];
}

function parsed(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'html'> {
  const { headers, body } = partOf(raw);
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1];
  const parts = boundary === undefined ? [raw] : body.split(`--${boundary}`).slice(1, -1);
  const contentOf = (type: string) => {
    const part = parts
      .map((text) => partOf(text.replace(/^\r\n/, '')))
      .find((one) => one.headers['content-type']?.startsWith(type));
    return part ? decoded(part) : '';
  };
  return { headers, text: contentOf('text/plain'), html: contentOf('text/html') };
}

function partOf(raw: string): { headers: Record<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { headers: Object.fromEntries(headers), body: raw.slice(end + 4) };
}

function decoded({ headers, body }: ReturnType<typeof partOf>): string {
  const encoding = headers['content-transfer-encoding'] ?? '7bit';
  const bytes =
    encoding === 'base64'
      ? Buffer.from(body, 'base64')
      : Buffer.from(encoding === 'quoted-printable' ? unquoted(body) : body, 'latin1');
  return bytes.toString('utf8').replaceAll('\r\n', '\n');
}

function unquoted(body: string): string {
  return body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
