import { z } from 'zod';
import type { Json } from './api.ts';

/** The schema that an OpenAPI document has for an answer, to check one with. */
export function documentedAnswer(document: Json, method: string, path: string, status: number): z.ZodType {
  return documentedSchema(document, document.paths[path][method.toLowerCase()].responses[status].content);
}

/** The schema of a request body or an answer, from its `content`. */
export function documentedSchema(document: Json, content: Json): z.ZodType {
  const { schema } = content['application/json'];
  const whole = { ...schema, $defs: document.components.schemas };
  return z.fromJSONSchema(JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')));
}
