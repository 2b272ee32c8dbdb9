import { toStorable } from '../domain/json/storable.ts';
import { longestDescription, longestName } from '../domain/ruleset/ruleset.ts';
import { cut } from '../domain/template/template.ts';
import { severityOf } from './severity.ts';
import type { SourceOpening } from './source.ts';

interface InSendersWords {
  name: string;
  /** One below the other, an empty line between them; null is left out. */
  description: readonly (string | null)[];
  /** The sender's word for it. */
  severity: string | null;
}

/** What a sender says of a problem as an incident: on one line, cut to size, storable. `name` must not be blank. */
export function openingOf({ name, description, severity }: InSendersWords): SourceOpening {
  const line = toStorable(cut(name, longestDescription)).replaceAll(/\s+/g, ' ').trim();
  const isLong = line.length > longestName;
  const paragraphs = [isLong ? line : null, ...description].filter((paragraph) => paragraph !== null);
  return {
    name: isLong ? `${cut(line, longestName - 1)}…` : line,
    description: cut(toStorable(paragraphs.join('\n\n')), longestDescription),
    ...severityOf(severity),
  };
}
