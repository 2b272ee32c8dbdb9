import type { FieldError } from '../error-code.ts';
import type { PolicySnapshot } from './policy.ts';

/** What a caller asks for. */
export type PolicyDraft = Pick<PolicySnapshot, 'name' | 'levels' | 'repeat' | 'repeatFromLevel'>;

/** What is wrong with a draft beyond the bounds of its fields; empty when it can be saved. Fields carry API names. */
export function validatePolicy({ levels, repeatFromLevel }: PolicyDraft): FieldError[] {
  const errors: FieldError[] = [];
  for (const [place, { targets }] of levels.entries()) {
    const seen = new Set<string>();
    for (const [index, { type, id }] of targets.entries()) {
      const name = `${type} ${id.toLowerCase()}`;
      if (seen.has(name)) errors.push({ field: `levels[${place}].targets[${index}]`, message: 'is there already' });
      seen.add(name);
    }
  }
  if (repeatFromLevel > levels.length)
    errors.push({ field: 'repeat_from_level', message: `must be at most ${levels.length}: there is no such level` });
  return errors;
}
