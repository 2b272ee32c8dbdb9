// What set-up says: one plain line a step, and a sign of life while a long one runs.

/** Prints one line of set-up. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** A failure with a message fit to print as it is; anything else that is thrown is a defect and keeps its stack. */
export class SetupError extends Error {}

/**
 * Runs `work` under a heading. On a terminal the line counts the seconds; elsewhere (CI, a log) a line comes every
 * 15 seconds, so that nobody takes a four-minute build for a hang.
 */
export async function step(heading, work) {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const live = process.stdout.isTTY;
  if (live) process.stdout.write(`${heading} …`);
  else say(`${heading} …`);
  const tick = setInterval(
    () => (live ? process.stdout.write(`\r${heading} … ${seconds()} s`) : say(`  … still at it after ${seconds()} s`)),
    live ? 1000 : 15_000,
  );
  try {
    const result = await work();
    clearInterval(tick);
    if (live) process.stdout.write(`\r${heading} … done in ${seconds()} s\n`);
    else say(`  done in ${seconds()} s`);
    return result;
  } catch (error) {
    clearInterval(tick);
    if (live) process.stdout.write('\n');
    throw error;
  }
}

/** Runs a whole script: prints a `SetupError` without a stack and ends with 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exit(1);
  }
}
