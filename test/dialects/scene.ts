import type { Json } from '../support/api.ts';
import type { Story } from '../support/story.ts';

/** What people set through the API before anything happens; each of it stands in some payload. */
export interface Sources {
  team: string;
  /** Of the one who answers first, two who answer next, and one of another policy. */
  members: [string, string, string, string];
  policies: [string, string];
  webhook: { name: string; description: string; monitor_url: string; monitor_method: string };
  /** Of its service: what its name and description say, and what incidents begin with. */
  ruleset: {
    name: string;
    description: string;
    urgency: 'high' | 'medium' | 'low';
    severity: string;
    priority: string;
    acknowledgement_timeout: number;
    auto_resolve_timeout: number;
    support_hours: Json;
  };
}

export interface Scene {
  teamId: string;
  /** In the order of their names. */
  memberIds: [string, string, string, string];
  policyIds: [string, string];
  webhook: Json;
  ruleset: Json;
  /** Only what it takes before there is a ruleset. */
  createRuleset(): Promise<void>;
}

/** A team with members, two escalation policies and a webhook that carries results of checks. */
export async function createScene(story: Story, sources: Sources): Promise<Scene> {
  const { id: teamId } = await story.done('/v1/team', { name: sources.team });
  const memberIds: string[] = [];
  for (const name of sources.members) {
    const email = `${name.toLowerCase().replaceAll(' ', '.')}@example.com`;
    memberIds.push((await story.done(`/v1/team/${teamId}/member`, { name, email })).id);
  }
  const [first, second, third, fourth] = memberIds.map((id) => ({ type: 'member', id }));
  const policy = async (name: string, levels: Json[][]) =>
    (
      await story.done('/v1/escalation-policy', {
        name,
        levels: levels.map((targets) => ({ delay: 3_600, targets })),
      })
    ).id as string;
  const policyIds: [string, string] = [
    await policy(sources.policies[0], [[first], [second, third]]),
    await policy(sources.policies[1], [[fourth]]),
  ];
  const webhook = await story.done('/v1/webhook', {
    ...sources.webhook,
    check_paths: { http_status_code: 'check.status', response_time_ms: 'check.ms', error: 'check.error' },
  });

  const scene: Scene = {
    teamId,
    memberIds: memberIds as Scene['memberIds'],
    policyIds,
    webhook,
    ruleset: undefined,
    async createRuleset() {
      scene.ruleset = await story.done('/v1/ruleset', {
        rule_type: 'webhook',
        level: 'team',
        team_id: teamId,
        conditions: [],
        incident_key: '{{payload.key}}',
        webhook_id: webhook.id,
        escalation_policy_id: policyIds[0],
        ...sources.ruleset,
      });
    },
  };
  return scene;
}

/** Those that a first start makes: they open an incident on everything. */
export async function deleteFirstRulesets(story: Story): Promise<void> {
  const { team, organisation } = await story.request('GET', '/v1/rulesets');
  for (const { id } of [...team, ...organisation]) await story.request('DELETE', `/v1/ruleset/${id}`);
}

/** Round the clock, so that it matters to nothing when a test runs. */
export const roundTheClock = (urgency: string, timeZone: string) => ({
  time_zone: timeZone,
  week_days: [0, 1, 2, 3, 4, 5, 6],
  start_time: '00:00:00',
  end_time: '23:59:59',
  urgency,
  otherwise: urgency,
});

/** As a probe reports it. */
export const probeEvent = (key: string, check = { status: 503, ms: 1_203, error: 'HTTP error: 503' }) => ({
  key,
  check,
});
