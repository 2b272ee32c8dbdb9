import { genericJson } from './generic-json.ts';
import type { Source } from './source.ts';

/** Every format that can be read. */
export const sources: readonly Source[] = [genericJson];
