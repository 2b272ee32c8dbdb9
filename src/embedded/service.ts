import { setTimeout as sleep } from 'node:timers/promises';
import type { LaunchedProcess } from './child-process.ts';
import { StartError } from './start-error.ts';

/** A process that counts as failing when it ends before it was ready or this soon after, in milliseconds. */
const soon = 5_000;
const failureWindow = 60_000;
const failureLimit = 5;

export interface ServiceOptions {
  /** As people read it: "the worker". */
  name: string;
  /** Where people find out more when it fails. */
  logFile: string;
  launch(): Promise<LaunchedProcess>;
  /** Services that must run before this one is launched, also again. */
  needs?: Service[];
  /** How it is asked to stop, and how it is made to in a hurry. */
  stopSignal: NodeJS.Signals;
  hurrySignal: NodeJS.Signals;
  /** Milliseconds it may take to stop before it is made to. */
  stopWithin: number;
  onPid(pid: number | undefined): void;
  say(line: string): void;
  /** It failed five times within a minute; nothing more is tried. */
  onGiveUp(reason: string): void;
}

/** Keeps one process running: launches it, launches it again with growing pauses when it ends, stops it. */
export interface Service {
  /** Resolves when it first serves. Rejects with a `StartError` when the first launch fails: nothing is retried then. */
  start(): Promise<void>;
  /** Resolves while the process serves, else once it does again. */
  whenRunning(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it at once; `stop` still tells when it is gone. */
  hurry(): void;
}

export function createService(options: ServiceOptions): Service {
  let launching: Promise<LaunchedProcess> | undefined;
  let current: LaunchedProcess | undefined;
  let running = false;
  let stopping = false;
  let waiting: (() => void)[] = [];
  let failures: number[] = [];
  const stopRequested = new AbortController();

  const launchOnce = async () => {
    launching = options.launch();
    current = await launching;
    options.onPid(current.pid);
    if (stopping) current.signal(options.stopSignal);
    await current.ready;
    running = true;
    for (const resolve of waiting.splice(0)) resolve();
    return current;
  };

  const watch = async (process: LaunchedProcess) => {
    let launched: LaunchedProcess | undefined = process;
    while (!stopping) {
      if (launched) {
        const began = Date.now();
        const how = await launched.ended;
        ended();
        if (stopping) return;
        options.say(`${capitalised(options.name)} ${how}; starting it again.`);
        if (Date.now() - began < soon) failures.push(Date.now());
      }
      failures = failures.filter((at) => at > Date.now() - failureWindow);
      if (failures.length >= failureLimit) return giveUp(`it ended ${failureLimit} times within a minute`);
      await pause(failures.length === 0 ? 0 : 100 * 2 ** failures.length);
      await Promise.all((options.needs ?? []).map((needed) => needed.whenRunning()));
      if (stopping) return;
      try {
        launched = await launchOnce();
      } catch (error) {
        launched = undefined;
        failures.push(Date.now());
        await endUnready();
        if (stopping) return;
        options.say(`${capitalised(options.name)} did not start: ${messageOf(error)}.`);
      }
    }
  };

  const ended = () => {
    running = false;
    current = undefined;
    options.onPid(undefined);
  };

  // One that never became ready may still be there and hold its port.
  const endUnready = async () => {
    current?.signal(options.hurrySignal);
    await current?.ended;
    ended();
  };

  const giveUp = (reason: string) => {
    stopping = true;
    options.onGiveUp(`${capitalised(options.name)} keeps failing: ${reason}. ${options.logFile} tells more.`);
  };

  const pause = (milliseconds: number) =>
    sleep(milliseconds, undefined, { signal: stopRequested.signal }).catch(() => undefined);

  return {
    async start() {
      let launched: LaunchedProcess;
      try {
        launched = await launchOnce();
      } catch (error) {
        await endUnready();
        throw new StartError(
          `${capitalised(options.name)} did not start: ${messageOf(error)}. ${options.logFile} tells more.`,
        );
      }
      void watch(launched);
    },
    whenRunning() {
      return running ? Promise.resolve() : new Promise((resolve) => (waiting = [...waiting, resolve]));
    },
    async stop() {
      stopping = true;
      stopRequested.abort();
      await launching?.catch(() => undefined);
      const process = current;
      if (!process) return;
      process.signal(options.stopSignal);
      const late = setTimeout(() => {
        options.say(`${capitalised(options.name)} takes too long to stop and is made to.`);
        process.signal(options.hurrySignal);
      }, options.stopWithin);
      await process.ended;
      clearTimeout(late);
    },
    hurry() {
      stopping = true;
      stopRequested.abort();
      current?.signal(options.hurrySignal);
    },
  };
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
