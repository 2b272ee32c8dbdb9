import { oneLine } from '../domain/notification/message.ts';
import type { SubscriptionSnapshot } from '../domain/webhook/outbound-event.ts';

const reasons: Record<SubscriptionSnapshot['reason'], string> = {
  gone: 'Its receiver answered 410 Gone, which asks us to send it nothing any more.',
  failing: 'Every attempt to reach it has failed for five days.',
};

/** The mail that tells the owner of a subscription that it was disabled. Of its URL only the host: the rest may be secret. */
export function renderDisabled(snapshot: SubscriptionSnapshot, url: string, publicUrl: string) {
  const { id } = snapshot.subscription;
  const name = oneLine(snapshot.subscription.name);
  const host = URL.canParse(url) ? new URL(url).host : 'its receiver';
  return {
    subject: `The webhook subscription ${name} was disabled`,
    text: [
      `${oneLine(snapshot.organisation.name)} sends nothing to the subscription "${name}" (${host}) any more since ${snapshot.at}.`,
      reasons[snapshot.reason],
      'What waited for it is kept. When its receiver works again, enable the subscription, and all of it is sent, in order:',
      `PUT ${publicUrl}/v1/subscription/${id} with {"enabled": true}`,
      '',
    ].join('\n\n'),
  };
}
