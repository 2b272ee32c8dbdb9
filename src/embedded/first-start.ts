import { setTimeout as sleep } from 'node:timers/promises';

interface Named {
  id: string;
  name: string;
}

const webhookName = 'First webhook';

const attempts = 5;

/**
 * Makes what a first incident needs, through the API as anybody would: a team, a webhook, a ruleset. Whatever is
 * there already stays as it is, so being cut short between two steps does no harm. Answers the id of the webhook to
 * show. Throws when the API refuses.
 */
export async function prepareFirstIncident(apiUrl: string, adminKey: string): Promise<string> {
  const api = createCaller(apiUrl, adminKey);

  const webhooks = await api.list('/v1/webhooks', 'webhooks');
  const isOurs = webhooks.length === 0 || (webhooks.length === 1 && webhooks[0]!.name === webhookName);
  if (!isOurs) return webhooks[0]!.id;

  const teams = await api.list('/v1/teams', 'teams');
  const teamId = teams[0]?.id ?? (await api.create('/v1/team', { name: 'First responders' }));
  const webhookId = webhooks[0]?.id ?? (await api.create('/v1/webhook', { name: webhookName }));
  // Rulesets come listed by level.
  const rulesets = [await api.list('/v1/rulesets', 'team'), await api.list('/v1/rulesets', 'organisation')].flat();
  if (rulesets.length === 0)
    await api.create('/v1/ruleset', {
      rule_type: 'webhook',
      level: 'team',
      team_id: teamId,
      name: 'Something is down',
      description: 'Opened because an event said {"status": "down"}.',
      urgency: 'high',
      conditions: [{ type: 'json-check', key: 'status', operator: 'equal', values: ['down'] }],
    });
  return webhookId;
}

function createCaller(apiUrl: string, adminKey: string) {
  const call = async (path: string, body?: unknown): Promise<Record<string, unknown>> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(`${apiUrl}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      if (answer.ok) return (await answer.json()) as Record<string, unknown>;
      const problem = await answer.text();
      if (answer.status !== 503 || attempt === attempts)
        throw new Error(`${path} answered ${answer.status}: ${problem.slice(0, 500)}`);
      await sleep(200 * attempt);
    }
  };
  return {
    list: async (path: string, noun: string) => (await call(path))[noun] as Named[],
    create: async (path: string, body: unknown) => (await call(path, body)).id as string,
  };
}
