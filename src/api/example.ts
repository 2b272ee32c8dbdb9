type Json = Record<string, unknown>;

/**
 * An example of what a JSON Schema describes: its own, else one put together from those of its parts. Undefined when a
 * part that has to be there has none; parts that may be absent are left out then.
 */
export function exampleOf(schema: Json, components: Record<string, Json>): unknown {
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  if (typeof schema.$ref === 'string') return exampleOf(components[schema.$ref.split('/').at(-1)!]!, components);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  for (const choices of [schema.anyOf, schema.oneOf])
    for (const choice of (choices ?? []) as Json[]) {
      const example = exampleOf(choice, components);
      if (example !== undefined) return example;
    }
  if (schema.type === 'array') return arrayOf(schema.items as Json | undefined, components);
  if (schema.type === 'object') return objectOf(schema, components);
  if (schema.type === 'boolean') return true;
  return schema.type === 'null' ? null : undefined;
}

function arrayOf(items: Json | undefined, components: Record<string, Json>): unknown[] | undefined {
  const example = items && exampleOf(items, components);
  return example === undefined ? undefined : [example];
}

function objectOf({ properties, required }: Json, components: Record<string, Json>): Json | undefined {
  const parts = Object.entries((properties ?? {}) as Record<string, Json>).map(
    ([name, part]) => [name, exampleOf(part, components)] as const,
  );
  const isMissing = parts.some(([name, example]) => example === undefined && (required as string[])?.includes(name));
  const known = parts.filter(([, example]) => example !== undefined);
  // Nothing at all shows nothing, unless there is nothing to show.
  return isMissing || (known.length === 0 && parts.length > 0) ? undefined : Object.fromEntries(known);
}
