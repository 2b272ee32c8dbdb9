import { factsOf, openingOf, subjectOf, type Message } from '../domain/notification/message.ts';
import type { Post } from '../outbound/post.ts';
import { shorten } from '../outbound/text.ts';
import type { Channel } from './channel.ts';

/** A section takes 3,000 characters, of which escaping can make five of one. */
const longestText = 2_800;
const longestFact = 500;

/**
 * Incoming webhooks as Slack defines them (https://api.slack.com/messaging/webhooks), which Mattermost and others take
 * too: those that know no blocks show `text`, so it says everything as well.
 */
export function createSlackChannel(post: Post): Channel<'slack'> {
  return {
    async send({ url }, message) {
      const { outcome, error, durationMs } = await post({
        url,
        headers: {},
        body: JSON.stringify(renderSlack(message)),
      });
      return { error: outcome === 'success' ? null : (error ?? outcome), durationMs };
    },
  };
}

export function renderSlack(message: Message) {
  const subject = escaped(subjectOf(message));
  const opening = escaped(openingOf(message));
  const parts = message.kind === 'code' ? [opening, `*${escaped(message.code)}*`] : [opening, ...pageParts(message)];
  return {
    text: [`*${subject}*`, ...parts].join('\n'),
    blocks: [`*${subject}*`, ...parts].map((text) => ({ type: 'section', text: { type: 'mrkdwn', text } })),
  };
}

function pageParts(message: Extract<Message, { kind: 'page' }>): string[] {
  const facts = factsOf(message).map(([label, value]) => `${label}: ${escaped(shorten(value, longestFact))}`);
  const { acknowledge, resolve } = message.links;
  // What cutting leaves of an entity would be shown as it is.
  const cut = shorten(facts.join('\n'), longestText).replace(/&[a-z]*…$/, '…');
  return [cut, `<${acknowledge}|Acknowledge>  <${resolve}|Resolve>`];
}

/** Without it a name could be a link, or call the whole channel (`<!channel>`). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
