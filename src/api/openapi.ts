import { z } from 'zod';
import { permissionDescriptions, permissions } from '../domain/access/permission.ts';
import type { ErrorCode } from '../domain/error-code.ts';
import { errorCodes } from '../domain/error-code.ts';
import { problems } from './errors.ts';
import { exampleOf } from './example.ts';
import { noContent, refusalsOf, takesIdempotencyKey, type Route } from './route.ts';

type Json = Record<string, unknown>;

const securityDescription = [
  'An API key. Each operation names the permission that the key needs:',
  ...permissions.map((name) => `- \`${name}\`: ${permissionDescriptions[name]}`),
].join('\n');

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(errorCodes),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    references: z
      .array(z.object({ type: z.string(), id: z.string().nullable(), name: z.string() }))
      .optional()
      .meta({ description: 'With `still_referenced`: what has to go or change first, at most 50.' }),
    event_id: z.string().optional().meta({ description: 'With `unverified_sender`: the event as which it is kept.' }),
    'violated-policies': z
      .array(z.string())
      .optional()
      .meta({ description: 'With `rate_limited`: the names of RateLimit-Policy that were exceeded.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `code` is stable; `errors` names every faulty field.' });

/** The OpenAPI 3.1 document of these routes: nothing in it is written by hand a second time. */
export function openApiDocument(routes: Route[], serverUrl: string): Json {
  const components: Record<string, Json> = {};
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operation(route, components);
  }
  schemaOf(problem, 'output', components);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tocsin',
      version: '1',
      description: 'Turns what machines report into incidents that people finish. Errors are problem+json.',
    },
    servers: [{ url: serverUrl }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: securityDescription } },
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(route: Route, components: Record<string, Json>): Json {
  // What the roles of OpenAPI 3.1 are for: a scheme that is not OAuth names here what the caller must have.
  const permitted = { apiKey: route.permission ? [route.permission] : [] };
  const security = { key: [permitted], optional: [{}, permitted], none: [] }[route.auth];
  const needed = route.permission ? `Needs the permission \`${route.permission}\`.` : '';
  const description = [route.description, needed].filter(Boolean).join(' ');
  const parameters = [
    ...parametersOf(route.params, 'path', components),
    ...parametersOf(route.query, 'query', components),
    ...(takesIdempotencyKey(route) ? [idempotencyKeyParameter] : []),
  ];
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(description ? { description } : {}),
    tags: [route.tag],
    security,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBody(route, components),
    responses: responses(route, components),
  };
}

/** `POST /v1/team/{id}/member` → `postTeamMember`. */
function operationId(route: Route): string {
  // One of many, where the path of the vendor says only so: `/webhook_subscriptions/{id}`.
  const isOneOfMany = /s\/\{\w+\}$/.test(route.path);
  const words = route.path
    .replace(/\{\w+\}/g, '')
    .split(/[/._-]/)
    // The version then tells `/v1/incidents/{id}` from our own `/v1/incident/{id}`.
    .filter((word) => /^[a-z]/.test(word) && (word !== 'v1' || isOneOfMany));
  if (/-log\/\{\w+\}$/.test(route.path)) words.push('entry');
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  return route.method.toLowerCase() + (isOneOfMany ? singularOf(name) : name);
}

function singularOf(name: string): string {
  return name.replace(/(ies|uses|s)$/, (end) => ({ ies: 'y', uses: 'us' })[end] ?? '');
}

function parametersOf(
  object: z.ZodObject | undefined,
  place: 'path' | 'query',
  components: Record<string, Json>,
): Json[] {
  return Object.entries(object?.shape ?? {}).map(([name, field]) => {
    const { description, ...schema } = schemaOf(field as z.ZodType, 'input', components);
    const required = place === 'path' || !(field as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, ...(description ? { description } : {}), schema };
  });
}

const idempotencyKeyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Makes a repeat harmless: for 24 hours the same key with the same request gets the first answer again, marked `Idempotent-Replayed: true`.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$' },
};

function requestBody(route: Route, components: Record<string, Json>): Json {
  if (route.rawBodyLimit !== undefined && !route.body)
    return { requestBody: { required: false, content: { '*/*': { schema: {} } } } };
  if (!route.body) return {};
  const required = !route.body.safeParse({}).success;
  return { requestBody: { required, content: { 'application/json': withExample(route.body, 'input', components) } } };
}

function responses(route: Route, components: Record<string, Json>): Json {
  const answers: Record<string, { description: string; content?: Json }> = {};
  for (const [status, schema] of Object.entries(route.responses))
    answers[status] = {
      description: route.summary,
      ...(schema === noContent ? {} : { content: contentOf(route, schema, components) }),
    };
  const refusal = route.surface
    ? { 'application/json': { schema: schemaOf(route.surface.error, 'output', components) } }
    : { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const [status, codes] of groupByStatus(route)) {
    const answer = (answers[status] ??= { description: '' });
    answer.description = [answer.description, codes.map((code) => `\`${code}\``).join(', ')]
      .filter(Boolean)
      .join('; or ');
    answer.content = { ...answer.content, ...refusal };
  }
  answers['431'] = {
    description: '`malformed_body`: the path, the query and the headers are larger than 16 KiB',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return answers;
}

function contentOf(route: Route, schema: z.ZodType, components: Record<string, Json>): Json {
  const content = { [route.html ? 'text/html' : 'application/json']: withExample(schema, 'output', components) };
  const others = (route.streams ?? []).filter((type) => !(type in content));
  return { ...content, ...Object.fromEntries(others.map((type) => [type, { schema: { type: 'string' } }])) };
}

function groupByStatus(route: Route): Map<string, ErrorCode[]> {
  const groups = new Map<string, ErrorCode[]>();
  for (const code of refusalsOf(route)) {
    const status = String(route.surface?.statusOf(code) ?? problems[code].status);
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

/** A schema, and beside it an example where it or its parts have one. */
function withExample(schema: z.ZodType, io: 'input' | 'output', components: Record<string, Json>): Json {
  const json = schemaOf(schema, io, components);
  // Of what is transformed on the way in, zod itself shows no example.
  const example = (schema.meta()?.examples as unknown[] | undefined)?.[0] ?? exampleOf(json, components);
  // Beside the schema once, not in it again.
  delete json.examples;
  return { schema: json, ...(example === undefined ? {} : { example }) };
}

/** A zod schema as JSON Schema 2020-12, its named parts moved to `components`. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Record<string, Json>): Json {
  const { $schema, $defs, ...json } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema }) => {
      const given = (jsonSchema as Json).jsonSchema;
      // A format says it all; how it is checked here is our own affair, unless the declaration says both.
      const isLeaf = zodSchema._zod.def.type === 'string';
      if (isLeaf && jsonSchema.format && !z.globalRegistry.get(zodSchema)?.pattern) delete jsonSchema.pattern;
      // A text form of something else, such as a number in the query string, says itself how it looks.
      if (given) {
        for (const name of Object.keys(jsonSchema)) if (name !== 'description') delete (jsonSchema as Json)[name];
        Object.assign(jsonSchema, given);
      }
      // Answers may grow; only what is refused is closed.
      const { def } = zodSchema._zod;
      if (def.type === 'object' && !('catchall' in def && def.catchall)) delete jsonSchema.additionalProperties;
    },
  }) as Json & { $defs?: Record<string, Json> };
  void $schema;
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const { id, ...component } = definition;
    void id;
    const placed = toComponents(component);
    if (components[name] && JSON.stringify(components[name]) !== JSON.stringify(placed))
      throw new Error(`The schema ${name} has two different forms.`);
    components[name] = placed;
  }
  return toComponents(json);
}

function toComponents(json: Json): Json {
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}
