import type { SupportHours } from '../domain/schedule/support-hours.ts';
import type { Sql } from './sql.ts';

export interface SupportHoursStore {
  /** Those it began with; null without any, and for an unknown id. */
  ofIncident(organisationId: string, incidentId: string): Promise<SupportHours | null>;
}

export function createSupportHoursStore(sql: Sql): SupportHoursStore {
  return {
    async ofIncident(organisationId, incidentId) {
      const [row] = await sql<{ supportHours: SupportHours | null }[]>`
        SELECT support_hours FROM incidents WHERE organisation_id = ${organisationId} AND id = ${incidentId}`;
      return row?.supportHours ?? null;
    },
  };
}
