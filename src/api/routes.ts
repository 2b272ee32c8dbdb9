import { z } from 'zod';
import { createContactMethodRoutes } from './contact-methods/routes.ts';
import type { ApiDeps } from './deps.ts';
import { createDeliveryRoutes } from './deliveries/routes.ts';
import { createEscalationPolicyRoutes } from './escalation-policies/routes.ts';
import { createHealthRoutes } from './health/routes.ts';
import { createIncidentRoutes } from './incidents/routes.ts';
import { createLinkRoutes } from './links/routes.ts';
import { createNotificationRoutes } from './notifications/routes.ts';
import { openApiDocument } from './openapi.ts';
import { createOrganisationRoutes } from './organisations/routes.ts';
import { defineRoute, type Route } from './route.ts';
import { createRulesetActionRoutes } from './rulesets/action-routes.ts';
import { createRulesetRoutes } from './rulesets/routes.ts';
import { createScheduleRoutes } from './schedules/routes.ts';
import { createStatusPageRoutes } from './status-pages/routes.ts';
import { createSubscriptionRoutes } from './subscriptions/routes.ts';
import { createTeamRoutes } from './teams/routes.ts';
import { createWebhookSubscriptionRoutes } from './webhook-subscriptions/routes.ts';
import { createWebhookRoutes } from './webhooks/routes.ts';

/** Every route of the API, whatever the roles. Nothing of `deps` is touched before a request comes. */
export function createRoutes(deps: ApiDeps): Route[] {
  let document: Record<string, unknown> | undefined;
  const routes: Route[] = [
    ...createHealthRoutes(deps),
    ...createOrganisationRoutes(deps),
    ...createTeamRoutes(deps),
    ...createWebhookRoutes(deps),
    ...createRulesetRoutes(deps),
    ...createRulesetActionRoutes(deps),
    ...createIncidentRoutes(deps),
    ...createScheduleRoutes(deps),
    ...createEscalationPolicyRoutes(deps),
    ...createContactMethodRoutes(deps),
    ...createNotificationRoutes(deps),
    ...createLinkRoutes(deps),
    ...createStatusPageRoutes(deps),
    ...createSubscriptionRoutes(deps),
    ...createDeliveryRoutes(deps),
    ...createWebhookSubscriptionRoutes(deps),
    defineRoute({
      method: 'GET',
      path: '/openapi.json',
      summary: 'This document',
      tag: 'Operations',
      role: 'operations',
      auth: 'none',
      responses: { 200: z.looseObject({ openapi: z.string() }).meta({ examples: [{ openapi: '3.1.0' }] }) },
      refusals: [],
      handler: async () => {
        document ??= openApiDocument(routes, deps.publicUrl);
        return { status: 200, body: document as { openapi: string } };
      },
    }),
  ];
  return routes;
}
