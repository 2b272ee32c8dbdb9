import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Message } from '../domain/notification/message.ts';
import { type Channel, sendTimeoutMs } from './channel.ts';
import { renderEmail } from './render-email.ts';
import { describeSmtpFailure } from './smtp-failure.ts';

export interface EmailSettings {
  /** `smtp://user:password@host:587` or `smtps://…`. */
  smtpUrl: string;
  /** An address, with or without a name before it. */
  mailFrom: string;
  /** Its host is what Message-IDs end with. */
  publicUrl: string;
  /** For connection, login and answer together. */
  timeoutMs?: number;
}

/**
 * Mail through one SMTP server. Each message has a connection of its own: a pool would queue messages beyond their
 * lease, and send them when somebody else had done so already.
 */
export function createEmailChannel({
  smtpUrl,
  mailFrom,
  publicUrl,
  timeoutMs = sendTimeoutMs,
}: EmailSettings): Channel<'email'> {
  const transport = createTransport({ ...connectionOf(smtpUrl), disableFileAccess: true, disableUrlAccess: true });
  const { hostname } = new URL(publicUrl);

  return {
    async send({ address }, message) {
      const startedAt = performance.now();
      const elapsed = () => Math.round(performance.now() - startedAt);
      const late = AbortSignal.timeout(timeoutMs);
      const mail: SendMailOptions & { signal: AbortSignal } = {
        ...renderEmail(message),
        from: mailFrom,
        // As an object, so that nothing in it is read as a list of addresses.
        to: { name: '', address },
        messageId: `<${message.id}@${hostname}>`,
        ...threadOf(message, hostname),
        // RFC 3834: nobody's holiday notice shall answer.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: late,
      };
      try {
        await transport.sendMail(mail);
        return { error: null, durationMs: elapsed() };
      } catch (error) {
        return { error: describeSmtpFailure(error, late.aborted), durationMs: elapsed() };
      }
    },
  };
}

/** All mails about an incident stand together. */
function threadOf(message: Message, hostname: string): Pick<SendMailOptions, 'references'> {
  return message.kind === 'page' ? { references: `<${message.snapshot.incident.id}@${hostname}>` } : {};
}

/** With a password, an encrypted connection is a must: else who stands between us and the server could read it. */
function connectionOf(smtpUrl: string) {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const secure = protocol === 'smtps:';
  const hasLogin = username !== '';
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: hasLogin,
    ...(hasLogin ? { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } } : {}),
    connectionTimeout: sendTimeoutMs,
    greetingTimeout: sendTimeoutMs,
    socketTimeout: sendTimeoutMs,
  };
}
