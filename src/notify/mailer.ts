import { createTransport, type SendMailOptions } from 'nodemailer';
import { sendTimeoutMs, type SendResult } from './channel.ts';
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

export interface Mail {
  /** The same on every attempt: it becomes the Message-ID. */
  id: string;
  /** One address. */
  to: string;
  /** One line. */
  subject: string;
  text: string;
  html?: string;
  /** Mails with the same id here stand together in mail programs. */
  about?: string;
}

export interface Mailer {
  /** One attempt, over within its timeout; never throws. */
  send(mail: Mail): Promise<SendResult>;
}

/**
 * Mail through one SMTP server. Each message has a connection of its own: a pool would queue messages beyond their
 * lease, and send them when somebody else had done so already.
 */
export function createMailer({ smtpUrl, mailFrom, publicUrl, timeoutMs = sendTimeoutMs }: EmailSettings): Mailer {
  const transport = createTransport({ ...connectionOf(smtpUrl), disableFileAccess: true, disableUrlAccess: true });
  const { hostname } = new URL(publicUrl);

  return {
    async send({ id, to, subject, text, html, about }) {
      const startedAt = performance.now();
      const elapsed = () => Math.round(performance.now() - startedAt);
      const late = AbortSignal.timeout(timeoutMs);
      const mail: SendMailOptions & { signal: AbortSignal } = {
        subject,
        text,
        ...(html === undefined ? {} : { html }),
        from: mailFrom,
        // As an object, so that nothing in it is read as a list of addresses.
        to: { name: '', address: to },
        messageId: `<${id}@${hostname}>`,
        ...(about === undefined ? {} : { references: `<${about}@${hostname}>` }),
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
