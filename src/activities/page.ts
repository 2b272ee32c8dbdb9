import type { NotificationStore } from '../stores/notifications.ts';
import type { TargetStore } from '../stores/targets.ts';
import type { PagingActivities } from './incident-activities.ts';

export interface PagingDeps {
  targets: Pick<TargetStore, 'membersOf'>;
  notifications: Pick<NotificationStore, 'page'>;
}

/** Repeats are harmless: whoever was given a notification by a page is given none by its repeat. */
export function createPagingActivities({ targets: targetStore, notifications }: PagingDeps): PagingActivities {
  return {
    async page({ organisationId, kind, targets, at, ...page }) {
      const members = await targetStore.membersOf(organisationId, targets, at);
      const reachable = await notifications.page(organisationId, { ...page, at, targets, reason: kind }, members);
      return { members: members.length, reachable };
    },
  };
}
