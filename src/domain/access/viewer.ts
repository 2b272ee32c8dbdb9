/** For whom something is read: decides whether a private incident exists for them. */
export interface Viewer {
  /** Every private incident of the organisation. */
  seesPrivate: boolean;
  /** Otherwise those that this member was invited to; null: none. */
  memberId: string | null;
}

/** The product itself, where it reads for its own work and not to show it. */
export const itself: Viewer = { seesPrivate: true, memberId: null };
