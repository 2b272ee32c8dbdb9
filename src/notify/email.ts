import type { Channel } from './channel.ts';
import { createMailer, type EmailSettings } from './mailer.ts';
import { renderEmail } from './render-email.ts';

/** Mail through one SMTP server. */
export function createEmailChannel(settings: EmailSettings): Channel<'email'> {
  const mailer = createMailer(settings);
  return {
    send: ({ address }, message) =>
      mailer.send({
        ...renderEmail(message),
        id: message.id,
        to: address,
        // All mails about an incident stand together.
        ...(message.kind === 'page' ? { about: message.snapshot.incident.id } : {}),
      }),
  };
}
