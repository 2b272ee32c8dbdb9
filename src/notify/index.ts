import type { ContactTarget } from '../domain/notification/contact-method.ts';
import type { Message } from '../domain/notification/message.ts';
import type { Post } from '../outbound/post.ts';
import type { Channel, SendResult } from './channel.ts';
import { createEmailChannel } from './email.ts';
import { createSlackChannel } from './slack.ts';
import { createWebhookChannel } from './webhook.ts';

export interface ChannelsOptions {
  post: Post;
  /** Without these two no mail is sent. */
  smtpUrl?: string | undefined;
  mailFrom?: string | undefined;
  publicUrl: string;
}

/** Every way of reaching people. A new one is a file beside these, a type in the domain, and a line here. */
export interface Channels {
  email: Channel<'email'> | null;
  slack: Channel<'slack'>;
  webhook: Channel<'webhook'>;
  /** By the channel that the target belongs to. */
  send(target: ContactTarget, message: Message, at: Date): Promise<SendResult>;
}

export function createChannels({ post, smtpUrl, mailFrom, publicUrl }: ChannelsOptions): Channels {
  const isMailSetUp = smtpUrl !== undefined && mailFrom !== undefined;
  const email = isMailSetUp ? createEmailChannel({ smtpUrl, mailFrom, publicUrl }) : null;
  const slack = createSlackChannel(post);
  const webhook = createWebhookChannel(post);
  return {
    email,
    slack,
    webhook,
    async send(target, message, at) {
      switch (target.type) {
        case 'email':
          return email ? email.send(target, message, at) : { error: 'mail is not set up', durationMs: 0 };
        case 'slack':
          return slack.send(target, message, at);
        case 'webhook':
          return webhook.send(target, message, at);
      }
    },
  };
}
