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
}

/** Shares the attempts of one pump out among endpoints, so that those which hang leave room for the others. */
export interface EndpointSlots {
  free(): number;
  /** What `DeliveryStore.take` may take now. */
  offer(): Offer;
  /** Tells whose attempts the last offer led to. */
  begin(endpointIds: string[]): void;
  /** True when something due may have been left out for want of the slot that is free now. */
  end(endpointId: string, durationMs: number): boolean;
}

/** An endpoint that answers within this is trusted with several attempts at once. */
const promptMs = 1_000;
/** Trusted endpoints that are remembered; one that is forgotten only starts over. */
const remembered = 1_000;

/**
 * An endpoint begins with one attempt at a time, gets `perEndpoint` once it has answered promptly, and falls back when
 * it no longer does. Those without trust share half of all slots: however many of them hang until their timeout, the
 * other half stays free for those that answer.
 */
export function createEndpointSlots({ total, perEndpoint }: SlotLimits): EndpointSlots {
  const inFlight = new Map<string, number>();
  /** In the order of their last answer, oldest first. */
  const trusted = new Set<string>();
  const untrustedShare = Math.max(1, Math.floor(total / 2));
  let used = 0;
  let offered: Offer = { limit: 0, allowances: {}, newcomerLimit: 0 };
  /** Endpoints that used their last offer up, so that more of theirs may be due; `everyone` when all of it was used. */
  let wanting = new Set<string>();
  let everyone = false;

  const usedByUntrusted = () => {
    let sum = 0;
    for (const [id, count] of inFlight) if (!trusted.has(id)) sum += count;
    return sum;
  };

  return {
    free: () => total - used,
    offer() {
      const limit = total - used;
      const allowances: Record<string, number> = {};
      for (const id of inFlight.keys()) allowances[id] = 0;
      for (const id of trusted) allowances[id] = Math.max(0, perEndpoint - (inFlight.get(id) ?? 0));
      offered = { limit, allowances, newcomerLimit: Math.max(0, Math.min(limit, untrustedShare - usedByUntrusted())) };
      return offered;
    },
    begin(ids) {
      const begun = new Map<string, number>();
      for (const id of ids) {
        inFlight.set(id, (inFlight.get(id) ?? 0) + 1);
        begun.set(id, (begun.get(id) ?? 0) + 1);
      }
      used += ids.length;
      const { allowances, newcomerLimit, limit } = offered;
      const newcomers = [...begun.keys()].filter((id) => allowances[id] === undefined);
      everyone = ids.length >= limit || newcomers.length >= newcomerLimit;
      wanting = new Set(newcomers);
      for (const [id, allowance] of Object.entries(allowances)) if ((begun.get(id) ?? 0) >= allowance) wanting.add(id);
    },
    end(id, durationMs) {
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
