import type { IncidentSnapshot } from '../domain/incident/snapshot.ts';
import { isPlainObject, valueAt } from '../domain/json/path.ts';
import { parseTemplate, renderTemplate, type Template } from '../domain/template/template.ts';
import type { RenderContext } from './dialect.ts';
import { standard } from './standard.ts';
import { UnfitRequest } from './unfit-request.ts';

/** What templates in a body may begin with: the parts of `data` in the standard dialect. */
export const actionBodyRoots = [
  'incident',
  'organisation',
  'team',
  'service',
  'webhook',
  'check',
  'details',
  'agent',
  'channel',
  'action',
] as const;

export const longestActionBody = 256 * 1_024;

export interface ActionBody {
  contentType: string;
  text: string;
}

/**
 * The body of an action's request. Without one of its own (null or undefined) it is the standard dialect's payload. In
 * a JSON value every string is a template, names of members are not. A text is one template, and what it is decides
 * what becomes of the values in it: in JSON, one between quotes is escaped and any other written as JSON, so that no
 * value can break it; elsewhere they go in as they are. A text is JSON when its content type says so or, without one,
 * when the template itself is a JSON object or list, whatever the values. Throws UnfitRequest.
 */
export function renderActionBody(
  body: unknown,
  givenContentType: string | null,
  snapshot: IncidentSnapshot,
  context: Pick<RenderContext, 'deliveryId' | 'attemptAt' | 'publicUrl'>,
): ActionBody {
  const event = `incident.${snapshot.transition.type}`;
  const payload = standard.render(event, snapshot, { ...context, ...nobody }) as { data: Record<string, unknown> };
  if (typeof body !== 'string') {
    const value = body === null || body === undefined ? payload : filled(body, payload.data);
    return { contentType: givenContentType ?? 'application/json', text: checked(JSON.stringify(value)) };
  }
  const template = parsed(body);
  const isJson = givenContentType === null ? isJsonTemplate(template) : isJsonType(givenContentType);
  const text = isJson ? jsonText(template, payload.data) : renderTemplate(template, payload.data, { longest });
  const contentType = givenContentType ?? (isJson ? 'application/json' : 'text/plain; charset=utf-8');
  return { contentType, text: checked(text) };
}

/** An action is told to no subscription. */
const nobody = { subscription: { id: '', name: '', description: '', url: '' }, item: 0 };

/** One more than may be sent, so that what was cut is known to be too long. */
const longest = longestActionBody + 1;

function parsed(text: string): Template {
  const result = parseTemplate(text, actionBodyRoots);
  if ('error' in result) throw new UnfitRequest('invalid_template', `the body is no template: ${result.error}`);
  return result.template;
}

function checked(text: string): string {
  if (Buffer.byteLength(text) > longestActionBody) throw tooLarge();
  return text;
}

function tooLarge(): UnfitRequest {
  return new UnfitRequest('body_too_large', `the body is larger than ${longestActionBody / 1_024} KB with its values`);
}

/** Stops as soon as the strings alone are too long: a short body can name a long value very often. */
function filled(body: unknown, scope: Record<string, unknown>): unknown {
  let left = longestActionBody;
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill);
    if (isPlainObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, fill(part)]));
    if (typeof value !== 'string') return value;
    const text = renderTemplate(parsed(value), scope, { longest });
    left -= text.length;
    if (left < 0) throw tooLarge();
    return text;
  };
  return fill(body);
}

function jsonText({ parts }: Template, scope: Record<string, unknown>): string {
  let text = '';
  let inString = false;
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      inString = endsInString(part, inString);
    } else if (inString) text += renderTemplate({ parts: [part] }, scope, { longest, escape: escapeJson });
    else text += JSON.stringify(valueAt(scope, part) ?? null);
    if (text.length > longestActionBody) throw tooLarge();
  }
  return text;
}

function endsInString(json: string, inString: boolean): boolean {
  for (let at = 0; at < json.length; at++)
    if (json[at] === '"') inString = !inString;
    else if (inString && json[at] === '\\') at++;
  return inString;
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function isJsonType(contentType: string): boolean {
  return /^[^;/]+\/([^;]+\+)?json\s*(;|$)/i.test(contentType);
}

/** A digit may stand between quotes, and where any value may. */
function isJsonTemplate({ parts }: Template): boolean {
  const sample = parts.map((part) => (typeof part === 'string' ? part : '0')).join('');
  if (!/^[ \t\r\n]*[[{]/.test(sample)) return false;
  try {
    JSON.parse(sample);
    return true;
  } catch {
    return false;
  }
}
