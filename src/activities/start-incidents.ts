import type { IncidentState } from '../domain/incident/incident.ts';
import type { Logger } from '../logger.ts';
import type { Acknowledged, Cleared, Occurrences } from '../stores/claims.ts';
import { createIncidentNoticeStore } from '../stores/incident-notices.ts';
import type { Sql } from '../stores/sql.ts';
import type { IncidentWorkflows } from '../temporal/incident-workflows.ts';

export interface StartIncidentsDeps {
  sql: Sql;
  incidents: Pick<IncidentWorkflows, 'start' | 'joined' | 'acknowledged' | 'cleared'>;
  logger: Logger;
}

/** Tells Temporal what Postgres has committed. Failures are logged: what was not told stays marked and is repaired. */
export interface StartIncidents {
  /** Starts workflows, ten at once, and marks their rows; leaves the rest out once `signal` aborts. */
  start(states: IncidentState[], signal?: AbortSignal): Promise<void>;
  /** Tells workflows how often their problem was reported, and marks the rows. */
  signal(occurrences: Occurrences[]): Promise<void>;
  /** Tells workflows that their sender acknowledged them; storing that is the mark. */
  acknowledge(acknowledged: Acknowledged[]): Promise<void>;
  /** Tells workflows that their problem is over; storing the resolve is the mark. */
  clear(cleared: Cleared[]): Promise<void>;
  /** Housekeeping: starts up to `limit` that should have started two seconds ago; answers how many it tried. */
  startUnstarted(limit: number): Promise<number>;
  /** Housekeeping: the same for occurrences that workflows were not told of. */
  signalUnsignalled(limit: number): Promise<number>;
  /** Housekeeping: the same for incidents that their sender acknowledged and that are triggered still. */
  acknowledgeUnacknowledged(limit: number): Promise<number>;
  /** Housekeeping: the same for incidents that are cleared and not resolved. */
  clearUncleared(limit: number): Promise<number>;
}

const atOnce = 10;
/** Younger rows are still in the hands of the pump that committed them. */
const repairAfterSeconds = 2;

export function createStartIncidents({ sql, incidents, logger }: StartIncidentsDeps): StartIncidents {
  const notices = createIncidentNoticeStore(sql);

  async function start(states: IncidentState[], signal?: AbortSignal): Promise<void> {
    const started: string[] = [];
    let marking: Promise<void> | undefined;
    // One UPDATE for all that started while the last one was under way.
    const mark = async () => {
      while (started.length > 0) {
        try {
          await tell(await notices.markStarted(started.splice(0)));
        } catch (error) {
          logger.warn({ err: error }, 'could not mark incidents as started; housekeeping will');
        }
      }
      marking = undefined;
    };
    await inParallel(states, async (state) => {
      if (signal?.aborted) return;
      try {
        await incidents.start(state);
        started.push(state.incidentId);
        marking ??= mark();
      } catch (error) {
        logger.warn({ err: error, incidentId: state.incidentId }, 'could not start an incident; housekeeping will');
      }
    });
    while (marking) await marking;
  }

  async function tell(occurrences: Occurrences[]): Promise<void> {
    const told: Occurrences[] = [];
    await inParallel(occurrences, async (incident) => {
      try {
        await incidents.joined(incident.incidentId, { count: incident.count, lastAt: incident.lastAt });
        told.push(incident);
      } catch (error) {
        logger.warn({ err: error, incidentId: incident.incidentId }, 'could not signal an incident; housekeeping will');
      }
    });
    if (told.length === 0) return;
    try {
      await notices.markSignalled(told);
    } catch (error) {
      logger.warn({ err: error }, 'could not mark incidents as signalled; housekeeping will signal them again');
    }
  }

  async function acknowledge(acknowledged: Acknowledged[]): Promise<void> {
    await inParallel(acknowledged, async ({ incidentId, eventId, webhook }) => {
      try {
        await incidents.acknowledged(incidentId, { eventId, webhook });
      } catch (error) {
        logger.warn({ err: error, incidentId }, 'could not tell an incident of an acknowledge; housekeeping will');
      }
    });
  }

  async function clear(cleared: Cleared[]): Promise<void> {
    await inParallel(cleared, async ({ incidentId, eventId, by }) => {
      try {
        await incidents.cleared(incidentId, { eventId, by });
      } catch (error) {
        logger.warn({ err: error, incidentId }, 'could not tell an incident that it is cleared; housekeeping will');
      }
    });
  }

  return {
    start,
    signal: tell,
    acknowledge,
    clear,
    async startUnstarted(limit) {
      const states = await notices.unstarted(limit, repairAfterSeconds);
      await start(states);
      return states.length;
    },
    async signalUnsignalled(limit) {
      const behind = await notices.unsignalled(limit, repairAfterSeconds);
      await tell(behind);
      return behind.length;
    },
    async acknowledgeUnacknowledged(limit) {
      const unacknowledged = await notices.unacknowledged(limit, repairAfterSeconds);
      await acknowledge(unacknowledged);
      return unacknowledged.length;
    },
    async clearUncleared(limit) {
      const uncleared = await notices.uncleared(limit, repairAfterSeconds);
      await clear(uncleared);
      return uncleared.length;
    },
  };
}

async function inParallel<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const lane = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
}
