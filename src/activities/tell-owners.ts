import type { Logger } from '../logger.ts';
import type { Mailer } from '../notify/mailer.ts';
import { renderDisabled } from '../notify/render-disabled.ts';
import type { Dialect } from '../outbound/dialect.ts';
import type { DisabledNotice, SubscriptionNoticeStore } from '../stores/subscription-notices.ts';
import { uuidOf } from '../stores/uuid-of.ts';

export interface TellOwnersDeps {
  notices: SubscriptionNoticeStore;
  dialects: readonly Dialect[];
  /** Null: no mail is sent. */
  mailer: Mailer | null;
  /** Without a trailing slash. */
  publicUrl: string;
  logger: Logger;
}

/**
 * Tells of subscriptions that were disabled: by mail to their owners, and to the organisation's other subscriptions that
 * ask for it. Each is told once; where mail fails it is tried again, and one that was sent before somebody died goes out
 * again under the same Message-ID. Answers how many were told.
 */
export function createTellOwners({ notices, dialects, mailer, publicUrl, logger }: TellOwnersDeps) {
  const events = dialects.flatMap((dialect) =>
    Object.entries(dialect.events).flatMap(([event, source]) =>
      'subscription' in source && source.subscription === 'disabled' ? [{ dialect: dialect.name, event }] : [],
    ),
  );

  const tell = async (notice: DisabledNotice): Promise<boolean> => {
    await notices.announce(notice, events);
    const { subscriptionId, snapshot, url, owner } = notice;
    if (owner === null || mailer === null)
      logger.warn(
        { subscriptionId, hasOwner: owner !== null },
        'nobody is told by mail that a subscription is disabled',
      );
    else {
      const id = uuidOf(`${subscriptionId} disabled ${snapshot.at}`);
      const { error } = await mailer.send({ id, to: owner.email, ...renderDisabled(snapshot, url, publicUrl) });
      if (error !== null) {
        logger.warn(
          { subscriptionId, error },
          'the owner of a disabled subscription could not be told; it is tried again',
        );
        return false;
      }
    }
    return notices.told(notice);
  };

  return async (limit: number): Promise<number> => {
    const due = await notices.due(limit);
    const told = await Promise.all(due.map(tell));
    return told.filter((isTold) => isTold).length;
  };
}
