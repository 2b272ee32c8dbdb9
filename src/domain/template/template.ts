import { stringify } from 'lossless-json';
import { type Path, parsePath, valueAt } from '../json/path.ts';
import { textOf } from '../json/scalar.ts';
import { toStorable } from '../json/storable.ts';

/** Text with `{{path}}` in it, read once. */
export interface Template {
  /** Text as it stands, and paths into the scope. */
  parts: (string | Path)[];
}

export type TemplateResult = { template: Template } | { error: string };

export const mostExpressions = 50;

export interface RenderOptions {
  /** What is longer is cut. Default: 15,000 characters. */
  longest?: number;
  /** Applied to every value put in, not to the text around it: what makes it safe there. */
  escape?: (text: string) => string;
}

const expression = /\{\{([^{}]*)\}\}/g;

/**
 * Reads a text such as `{{payload.service}} is down`. Between the braces stands a path (domain/json/path.ts) that
 * begins with one of `roots`; `{{"{{"}}` gives two braces. There is no logic and no function to call. The error says
 * what is wrong and at which character, counted from 1.
 */
export function parseTemplate(text: string, roots: readonly string[]): TemplateResult {
  const parts: Template['parts'] = [];
  let expressions = 0;
  let end = 0;
  const literal = (until: number) => {
    const between = text.slice(end, until);
    const stray = between.indexOf('{{');
    if (stray >= 0) return { error: `character ${end + stray + 1}: "{{" must be closed by "}}" around a path` };
    if (between !== '') parts.push(between);
    return null;
  };
  // The two braces in quotes would read as an expression within another one.
  const quoted = '{{"{{"}}';
  const pattern = new RegExp(`${quoted.replaceAll(/[{}]/g, '\\$&')}|${expression.source}`, 'g');
  for (const found of text.matchAll(pattern)) {
    const unfit = literal(found.index);
    if (unfit) return unfit;
    end = found.index + found[0].length;
    if (found[0] === quoted) {
      parts.push('{{');
      continue;
    }
    if (++expressions > mostExpressions) return { error: `must have at most ${mostExpressions} expressions` };
    const parsed = parsePath((found[1] ?? '').trim());
    const place = `character ${found.index + 1}`;
    if ('error' in parsed) return { error: `${place}: ${found[0]} is no path: ${parsed.error}` };
    const [root] = parsed.path;
    if (typeof root !== 'string' || !roots.includes(root))
      return { error: `${place}: ${found[0]} must begin with ${roots.join(', ')}` };
    parts.push(parsed.path);
  }
  return literal(text.length) ?? { template: { parts } };
}

/** A template that is only text: what the text says, braces and all. */
export function literalTemplate(text: string): Template {
  return { parts: text === '' ? [] : [text] };
}

/**
 * Puts the scope's values in. A path that leads nowhere, or to null, gives nothing; lists and objects are written as
 * JSON. The result can be stored, and never grows beyond `longest` characters.
 */
export function renderTemplate(
  template: Template,
  scope: Record<string, unknown>,
  options: RenderOptions = {},
): string {
  const { longest = 15_000, escape = (text) => text } = options;
  let rendered = '';
  for (const part of template.parts) {
    if (rendered.length >= longest) break;
    // Escaping never shortens, so what is cut before it would be cut after it too.
    rendered += typeof part === 'string' ? part : escape(shown(valueAt(scope, part), longest));
  }
  return cut(toStorable(rendered), longest);
}

function shown(value: unknown, longest: number): string {
  if (value === null || value === undefined) return '';
  return cut(textOf(value) ?? stringify(value) ?? '', longest);
}

/** At most `longest` UTF-16 units, and never half of a character. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const short = text.slice(0, longest);
  return /[\uD800-\uDBFF]$/.test(short) ? short.slice(0, -1) : short;
}
