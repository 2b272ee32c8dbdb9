/**
 * The circuit of one endpoint: it opens when most attempts of late failed, and then nothing is sent but a single probe
 * now and again, so that a receiver which is down neither costs its deliveries their attempts nor is run over as it comes
 * back. Window, share and pause are those of Convoy (https://github.com/frain-dev/convoy, pkg/circuit_breaker).
 *
 * It is open while the endpoint is paused; that and the end of the pause are stored, the counts are not: whoever takes
 * an endpoint over begins to count anew.
 */
export interface Circuit {
  /** Attempts that ended of late, by the slice of time they ended in; oldest first. */
  slices: Slice[];
}

interface Slice {
  /** When it began, a multiple of its length. */
  from: number;
  succeeded: number;
  failed: number;
}

export const windowMs = 5 * 60_000;
const sliceMs = windowMs / 10;
const leastAttempts = 10;
const failedShare = 0.7;
/** How long an open circuit stays so before it is probed. */
export const openMs = 30_000;

export const closedCircuit: Circuit = { slices: [] };

/**
 * The circuit after one more attempt ended at `now` (milliseconds). `opensForMs`: it opens, or stays open, for so long;
 * 0: it does not. `isProbe`: the attempt was the one that a pause ends with; it alone decides.
 */
export function afterAttempt(
  circuit: Circuit,
  { succeeded, isProbe, now }: { succeeded: boolean; isProbe: boolean; now: number },
): { circuit: Circuit; opensForMs: number } {
  if (isProbe) return { circuit: closedCircuit, opensForMs: succeeded ? 0 : openMs };
  const slices = counted(circuit.slices, succeeded, now);
  const failed = slices.reduce((sum, slice) => sum + slice.failed, 0);
  const all = slices.reduce((sum, slice) => sum + slice.failed + slice.succeeded, 0);
  const opens = !succeeded && all >= leastAttempts && failed / all >= failedShare;
  return opens ? { circuit: closedCircuit, opensForMs: openMs } : { circuit: { slices }, opensForMs: 0 };
}

function counted(slices: Slice[], succeeded: boolean, now: number): Slice[] {
  const from = Math.floor(now / sliceMs) * sliceMs;
  const recent = slices.filter((slice) => slice.from > from - windowMs);
  const last = recent.at(-1);
  const current = last && last.from >= from ? last : { from, succeeded: 0, failed: 0 };
  const grown = succeeded
    ? { ...current, succeeded: current.succeeded + 1 }
    : { ...current, failed: current.failed + 1 };
  return [...(current === last ? recent.slice(0, -1) : recent), grown];
}
