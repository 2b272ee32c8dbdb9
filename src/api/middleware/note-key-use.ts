import type { Logger } from '../../logger.ts';
import type { ApiKey, ApiKeyStore } from '../../stores/api-keys.ts';

/** Notes when and from where a key was last used. Returns at once, and never fails. */
export type NoteKeyUse = (key: Pick<ApiKey, 'id' | 'organisationId'>, ip: string) => void;

const intervalMs = 60_000;
/** Keys kept in memory; beyond, those that were noted longest ago are noted again sooner than need be. */
const mostKeys = 10_000;

/**
 * At most one statement a minute for each key and process, beside the request and not on its way: whoever uses a key
 * waits for nothing. `now` in milliseconds, never going back.
 */
export function createNoteKeyUse(
  keys: Pick<ApiKeyStore, 'noteUse'>,
  logger: Logger,
  now: () => number = () => performance.now(),
): NoteKeyUse {
  /** Key → when its use was noted last, the longest ago first. */
  const noted = new Map<string, number>();

  return ({ id, organisationId }, ip) => {
    const last = noted.get(id);
    if (last !== undefined && now() - last < intervalMs) return;
    noted.delete(id);
    noted.set(id, now());
    const [oldest] = noted.keys();
    if (noted.size > mostKeys && oldest !== undefined) noted.delete(oldest);
    keys.noteUse(organisationId, id, ip).catch((error: unknown) => {
      logger.warn({ err: error, api_key_id: id }, 'use of a key not noted');
    });
  };
}
