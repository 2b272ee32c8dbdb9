import { longestDelay, type PolicySnapshot } from '../../domain/escalation/policy.ts';
import { simulate } from '../../domain/escalation/simulate.ts';
import { createPace } from '../../inbound/pace.ts';
import { ScheduleTooLong, type TargetResolver } from '../../stores/targets.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { createTurn } from '../rulesets/dry-run.ts';
import { presentSimulation, simulated, simulation } from './simulate-schema.ts';

export function createSimulateRoute({ stores }: ApiDeps): Route {
  const inTurn = createTurn();

  return defineRoute({
    method: 'POST',
    path: '/v1/escalation-policy/{id}/simulate',
    summary: 'Whom an escalation policy would ask when',
    description:
      "Plays an incident that would be given the policy now, by the schedules, teams and notification rules as they stand. Nothing is stored, nobody is told. Timeouts of the incident's own, such as `auto_resolve_timeout`, are not played.",
    tag: 'Escalation policies',
    role: 'query',
    auth: 'key',
    permission: 'view_data',
    params: pathId,
    body: simulation,
    responses: { 200: simulated },
    refusals: [],
    handler: async ({ key: { organisationId }, params, body }) => {
      const policy = await stores.escalationPolicies.get(organisationId, params.id);
      if (!policy) throw notFound();
      const at = body.at ?? new Date(await stores.schedules.now()).toISOString();
      const membersOf = await resolverFor(organisationId, policy, at);
      const story = { at, acknowledgedAfter: body.acknowledged_after };
      // It is a matter of milliseconds, but for policies made to be one of seconds: those let others go first.
      const result = await inTurn(() => createPace(Infinity).run(simulate(policy, story, membersOf)));
      const asked = new Set(result.steps.flatMap(({ members }) => members.map(({ memberId }) => memberId)));
      const planned = await stores.notificationPlans.of(organisationId, [...asked], body.urgency);
      return { status: 200, body: presentSimulation(result, planned) };
    },
  });

  async function resolverFor(organisationId: string, policy: PolicySnapshot, at: string): Promise<TargetResolver> {
    const since = Date.parse(at);
    const rounds = policy.levels.length * (1 + policy.repeat);
    const span = { since, until: since + rounds * longestDelay * 1_000 };
    const targets = policy.levels.flatMap((level) => level.targets);
    try {
      return await stores.targets.resolver(organisationId, targets, span);
    } catch (error) {
      if (error instanceof ScheduleTooLong)
        throw invalidField('at', 'lies so far back that a schedule changed too often since to be read');
      throw error;
    }
  }
}
