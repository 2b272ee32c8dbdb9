import { DetailedRefusal } from '../errors.ts';

/** Runs an export once there is room for it. Throws `Refusal` while there is none. */
export type ExportSlots = <Result>(organisationId: string, work: () => Promise<Result>) => Promise<Result>;

/** Each holds a connection to Postgres, of which a process has twenty (`server.ts`). */
const mostOfOrganisation = 2;
const mostInAll = 6;
const retryAfter = { headers: { 'Retry-After': '10' } };

/** So many exports at once in this process, so that they leave connections for all else. */
export function createExportSlots(): ExportSlots {
  const running = new Map<string, number>();

  return async (organisationId, work) => {
    const ofOrganisation = running.get(organisationId) ?? 0;
    if (ofOrganisation >= mostOfOrganisation)
      throw new DetailedRefusal(
        'rate_limited',
        `${mostOfOrganisation} exports of this organisation are under way. Start this one when one of them has ended.`,
        retryAfter,
      );
    if ([...running.values()].reduce((sum, count) => sum + count, 0) >= mostInAll)
      throw new DetailedRefusal('unavailable', 'Many exports are under way. Try again shortly.', retryAfter);
    running.set(organisationId, ofOrganisation + 1);
    try {
      return await work();
    } finally {
      const left = running.get(organisationId)! - 1;
      if (left === 0) running.delete(organisationId);
      else running.set(organisationId, left);
    }
  };
}
