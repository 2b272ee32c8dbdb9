import type { z } from 'zod';
import { type FieldError, Refusal } from '../../domain/error-code.ts';
import type { RulesetDraft } from '../../domain/ruleset/ruleset.ts';
import type { ApiDeps } from '../deps.ts';
import { defineRoute, type Route } from '../route.ts';
import { changeRuleset } from './check-ruleset.ts';
import { createDryRun, createTurn, type Tried } from './dry-run.ts';
import { checkDryRun, dryRun, dryRunAnswer, presentTried, withinRuleset } from './dry-run-schema.ts';
import { draftOf } from './schema.ts';

/** Evaluating may take this much time in all. */
const longestMs = 5_000;
/** Characters: with many large conditions, an answer would have hundreds of megabytes. */
const largestAnswer = 4 * 1_024 * 1_024;

export function createDryRunRoute({ stores }: Pick<ApiDeps, 'stores'>): Route {
  const inTurn = createTurn();

  /** The ruleset to try. Throws `Refusal` naming everything that the organisation does not have. */
  const find = async (organisationId: string, body: z.output<typeof dryRun>): Promise<RulesetDraft> => {
    const draft = body.ruleset ? draftOf(body.ruleset) : await stores.rulesets.get(organisationId, body.ruleset_id!);
    const errors: FieldError[] = [];
    if (!draft) errors.push({ field: 'ruleset_id', message: 'is not a ruleset of this organisation' });
    else if (body.ruleset)
      errors.push(...(await stores.rulesets.findUnknown(organisationId, draft)).map(withinRuleset));
    else {
      const stored = changeRuleset(draft, {});
      // One that today's rules would refuse does not fire either.
      if ('errors' in stored)
        errors.push({ field: 'ruleset_id', message: `cannot be evaluated: ${stored.errors.map(told).join('; ')}` });
    }
    if (body.webhook_id !== undefined && !(await stores.webhooks.get(organisationId, body.webhook_id)))
      errors.push({ field: 'webhook_id', message: 'is not a webhook of this organisation' });
    if (!draft || errors.length > 0) throw new Refusal('invalid_fields', 'Some fields are invalid.', errors);
    return draft;
  };

  return defineRoute({
    method: 'POST',
    path: '/v1/ruleset/dry-run',
    summary: 'Try a ruleset on stored events',
    description:
      'Says of the newest events which would match and why, condition by condition, and which would open, join or resolve an incident, beginning with none open. Nothing is stored, nobody is told. Events whose sender could not be verified are left out.',
    tag: 'Rulesets',
    role: 'query',
    auth: 'key',
    permission: 'manage_rulesets',
    body: dryRun,
    checkBody: checkDryRun,
    responses: { 200: dryRunAnswer },
    refusals: [],
    handler: async ({ key: { organisationId }, body }) => {
      const draft = await find(organisationId, body);
      const run = createDryRun(draft, inTurn, longestMs);
      const events: ReturnType<typeof presentTried>[] = [];
      const summary = { events: 0, matched: 0, opened: 0, joined: 0 };
      let size = 0;
      const add = (tried: Tried) => {
        const line = presentTried(tried, draft.conditions);
        size += JSON.stringify(line).length;
        if (events.length > 0 && size > largestAnswer) return false;
        events.push(line);
        if (tried.occurrence === 0) summary.events++;
        if (line.matched) summary.matched++;
        if (line.outcome === 'open') summary.opened++;
        if (line.outcome === 'join') summary.joined++;
        return true;
      };

      const { limit, since = null, until = null } = body;
      const webhookId = body.webhook_id ?? draft.webhookId;
      const samples = stores.eventSamples.read(organisationId, { webhookId, since, until, limit });
      const truncated = !(await everyOne(samples, (event) => run.judge(event, add)));
      return { status: 200, body: { events, summary: { ...summary, resolved: run.resolved() }, truncated } };
    },
  });
}

/** Stops at the first that fails. */
async function everyOne<Item>(
  batches: AsyncIterable<Item[]>,
  passes: (item: Item) => Promise<boolean>,
): Promise<boolean> {
  for await (const batch of batches) for (const item of batch) if (!(await passes(item))) return false;
  return true;
}

function told({ field, message }: FieldError): string {
  return `${field} ${message}`;
}
