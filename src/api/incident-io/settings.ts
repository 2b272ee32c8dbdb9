import { Refusal } from '../../domain/error-code.ts';
import { mostSettings, type SettingRefusal } from '../../stores/settings.ts';
import { notFound } from '../errors.ts';
import { incidentIoSurface } from './surface.ts';

/** What the routes for an organisation's settings have in common: severities, custom fields, roles, statuses, types. */
const common = { tag: 'incident.io settings', auth: 'key', surface: incidentIoSurface } as const;
export const reading = { ...common, role: 'query', permission: 'view_data' } as const;
export const writing = { ...common, role: 'command', permission: 'manage_settings' } as const;

/** The setting that was stored, or the refusal that stands for why it was not. `what` in one and in several. */
export function stored<Setting extends object>(
  result: Setting | SettingRefusal,
  what: readonly [one: string, several: string],
): Setting {
  if (typeof result === 'object') return result;
  if (result === 'unknown') throw notFound();
  if (result === 'name_taken') throw taken('name', what[0]);
  throw new Refusal('limit_reached', `An organisation has at most ${mostSettings} ${what[1]}.`);
}

/** Capital and small letters make no difference. */
export function taken(field: string, what: string): Refusal {
  const message = `belongs to another ${what}`;
  return new Refusal('already_exists', `The ${field} ${message}.`, [{ field, message }]);
}
