import {
  literalTemplate,
  parseTemplate,
  renderTemplate,
  type Template,
  type TemplateResult,
} from '../template/template.ts';
import type { CompiledRuleset } from './compile-ruleset.ts';
import type { Subject } from './condition.ts';
import { longestDescription, longestName, type RulesetDraft } from './ruleset.ts';

/** What a ruleset's templates can put in. */
const roots = ['payload', 'alert', 'webhook', 'received_at'] as const;
const ofWebhook = ['id', 'name'];

/** Reads a ruleset's name, description or incident key. */
export function parseRulesetTemplate(text: string): TemplateResult {
  const parsed = parseTemplate(text, roots);
  if ('error' in parsed) return parsed;
  for (const part of parsed.template.parts) {
    if (typeof part === 'string') continue;
    const [root, ...rest] = part;
    if (root === 'received_at' && rest.length > 0) return { error: '{{received_at}} has nothing below it' };
    if (root === 'webhook' && !(rest.length === 1 && ofWebhook.includes(String(rest[0]))))
      return { error: 'of the webhook there are {{webhook.id}} and {{webhook.name}}' };
  }
  return parsed;
}

/** As evaluation reads it: what releases without templates took as text stays text. */
export function storedTemplate(text: string): Template {
  const parsed = parseRulesetTemplate(text);
  return 'error' in parsed ? literalTemplate(text) : parsed.template;
}

/** How the incident is called that this occurrence opens. A name is never blank. */
export function renderTexts(
  { name, description }: Pick<CompiledRuleset<RulesetDraft>, 'name' | 'description'>,
  subject: Subject,
): { name: string; description: string } {
  const rendered = renderFor(name, subject, longestName);
  const fallback = literalTemplate(`Incident of ${subject.metadata.webhookName ?? 'an API key'}`);
  return {
    name: rendered.trim() === '' ? renderFor(fallback, subject, longestName) : rendered,
    description: renderFor(description, subject, longestDescription),
  };
}

/** Puts in what the occurrence holds, up to `longest` characters. */
export function renderFor(template: Template, { payload, alert, metadata }: Subject, longest: number): string {
  const webhook = { id: metadata.webhookId, name: metadata.webhookName };
  return renderTemplate(template, { payload, alert, webhook, received_at: metadata.receivedAt }, { longest });
}
