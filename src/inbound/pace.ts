/** Keeps a long evaluation from holding up everything else in the process. */
export interface Pace {
  /** Runs a generator through, and lets others run whenever a turn is over. Throws `OutOfTime`. */
  run<Result>(steps: Generator<undefined, Result>): Promise<Result>;
  /** Begins a turn after something was waited for, which does not count: no more than what was done up to the last step. */
  begin(): void;
}

/** All the time there was is used up. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** Everything else in the process waits no longer than this (and one step). */
const longestTurnMs = 20;

/** `longestMs`: how long all turns may take together. The first one begins at once. */
export function createPace(longestMs: number): Pace {
  let turnBegan = performance.now();
  let lastStep = turnBegan;
  /** In turns that are over. */
  let used = 0;

  const nextTurn = () => {
    used += lastStep - turnBegan;
    turnBegan = lastStep = performance.now();
  };

  return {
    async run(steps) {
      for (;;) {
        const step = steps.next();
        lastStep = performance.now();
        const turn = lastStep - turnBegan;
        if (used + turn > longestMs) throw new OutOfTime(`evaluation took longer than ${longestMs / 1_000} s`);
        if (turn > longestTurnMs) {
          await new Promise((resolve) => setImmediate(resolve));
          nextTurn();
        }
        if (step.done) return step.value;
      }
    },

    begin: nextTurn,
  };
}
