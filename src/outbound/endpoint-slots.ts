/** How many attempts may be in flight at once. */
export interface SlotLimits {
  /** In all. */
  total: number;
  /** To one endpoint that answers promptly. */
  perEndpoint: number;
}

export interface Offer {
  /** At most so many in all. */
  limit: number;
  /** How many more each of these endpoints may get; all others are newcomers and get one. */
  allowances: Record<string, number>;
  /** At most so many newcomers. */
  newcomerLimit: number;
  /** What organisations hold already: attempts in all, and those of newcomers among them. Others hold none. */
  held: Record<string, Held>;
}

export type Held = [attempts: number, ofNewcomers: number];

export interface Begun {
  endpointId: string;
  /** Whose endpoint it is; left out where it is everybody's, as the mail server is. */
  organisationId?: string;
}

/** Shares the attempts of one pump out among endpoints, so that those which hang leave room for the others. */
export interface EndpointSlots {
  free(): number;
  /** What `DeliveryStore.take` may take now. */
  offer(): Offer;
  /** Tells whose attempts the last offer led to. `leftOut`: not all that was due and allowed could be taken. */
  begin(attempts: Begun[], leftOut?: boolean): void;
  /** True when something due may have been left out for want of the slot that is free now. */
  end(attempt: Begun, durationMs: number): boolean;
}

/** An endpoint that answers within this is trusted with several attempts at once. */
const promptMs = 1_000;
/** Trusted endpoints that are remembered; one that is forgotten only starts over. */
const remembered = 1_000;

/**
 * An endpoint begins with one attempt at a time, gets `perEndpoint` once it has answered promptly, and falls back when
 * it no longer does. Those without trust share half of all slots: however many of them hang until their timeout, the
 * other half stays free for those that answer. Whoever takes sees to it that no organisation holds more than it leaves
 * free for the others; `held` says what that takes.
 */
export function createEndpointSlots({ total, perEndpoint }: SlotLimits): EndpointSlots {
  const inFlight = new Map<string, number>();
  /** Whose one attempt in flight began without trust. */
  const newcomers = new Set<string>();
  const held = new Map<string, Held>();
  /** In the order of their last answer, oldest first. */
  const trusted = new Set<string>();
  const newcomerShare = Math.max(1, Math.floor(total / 2));
  let used = 0;
  let offered: Offer = { limit: 0, allowances: {}, newcomerLimit: 0, held: {} };
  /** Endpoints that used their last offer up, so that more of theirs may be due; `everyone` when all of it was used. */
  let wanting = new Set<string>();
  let everyone = false;

  const hold = (organisationId: string | undefined, attempts: number, ofNewcomers: number) => {
    if (organisationId === undefined) return;
    const [all, new_] = held.get(organisationId) ?? [0, 0];
    if (all + attempts === 0) held.delete(organisationId);
    else held.set(organisationId, [all + attempts, new_ + ofNewcomers]);
  };

  return {
    free: () => total - used,
    offer() {
      const limit = total - used;
      const allowances: Record<string, number> = {};
      for (const id of inFlight.keys()) allowances[id] = 0;
      for (const id of trusted) allowances[id] = Math.max(0, perEndpoint - (inFlight.get(id) ?? 0));
      const newcomerLimit = Math.max(0, Math.min(limit, newcomerShare - newcomers.size));
      offered = { limit, allowances, newcomerLimit, held: Object.fromEntries(held) };
      return offered;
    },
    begin(attempts, leftOut = false) {
      const begun = new Map<string, number>();
      for (const { endpointId: id, organisationId } of attempts) {
        const isNew = !trusted.has(id);
        if (isNew) newcomers.add(id);
        hold(organisationId, 1, isNew ? 1 : 0);
        inFlight.set(id, (inFlight.get(id) ?? 0) + 1);
        begun.set(id, (begun.get(id) ?? 0) + 1);
      }
      used += attempts.length;
      const { allowances, newcomerLimit, limit } = offered;
      const unnamed = [...begun.keys()].filter((id) => allowances[id] === undefined);
      everyone = leftOut || attempts.length >= limit || unnamed.length >= newcomerLimit;
      wanting = new Set(unnamed);
      for (const [id, allowance] of Object.entries(allowances)) if ((begun.get(id) ?? 0) >= allowance) wanting.add(id);
    },
    end({ endpointId: id, organisationId }, durationMs) {
      hold(organisationId, -1, newcomers.delete(id) ? -1 : 0);
      const count = inFlight.get(id)!;
      if (count === 1) inFlight.delete(id);
      else inFlight.set(id, count - 1);
      used -= 1;
      trusted.delete(id);
      if (durationMs <= promptMs) {
        trusted.add(id);
        if (trusted.size > remembered) trusted.delete(trusted.values().next().value!);
      }
      return everyone || wanting.has(id);
    },
  };
}
