/** Of one team, not over and not withdrawn. */
export const mostOverrides = 200;

export interface OverrideDraft {
  /** Who takes over. */
  memberId: string;
  /** Whose duties; null: everybody's, and the time nobody is on call. */
  replacesMemberId: string | null;
  since: string;
  /** The moment it is over. */
  until: string;
}

export interface Override extends OverrideDraft {
  id: string;
  teamId: string;
  createdAt: string;
}
