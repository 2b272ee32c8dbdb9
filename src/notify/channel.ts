import type { Message } from '../domain/notification/message.ts';
import type { ContactMethodType, ContactTarget } from '../domain/notification/contact-method.ts';

export type TargetOf<Type extends ContactMethodType> = Extract<ContactTarget, { type: Type }>;

/** Null: it was taken. Otherwise why not: short, storable, and without what is secret. */
export interface SendResult {
  error: string | null;
  durationMs: number;
}

/** One way of reaching a person. */
export interface Channel<Type extends ContactMethodType = ContactMethodType> {
  /** One attempt, over within `sendTimeoutMs`; never throws. `at`: the moment of this attempt. */
  send(target: TargetOf<Type>, message: Message, at: Date): Promise<SendResult>;
}

/** For look-up, connection and answer together. */
export const sendTimeoutMs = 10_000;
