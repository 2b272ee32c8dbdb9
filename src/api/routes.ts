import { z } from 'zod';
import { createApiKeyRoutes } from './api-keys/routes.ts';
import { createAuditLogRoutes } from './audit-log/routes.ts';
import { createContactMethodRoutes } from './contact-methods/routes.ts';
import type { ApiDeps } from './deps.ts';
import { createDeliveryRoutes } from './deliveries/routes.ts';
import { createEnqueueRoutes } from './enqueue/routes.ts';
import { createEscalationPolicyRoutes } from './escalation-policies/routes.ts';
import { createExportRoutes } from './export/routes.ts';
import { createHealthRoutes } from './health/routes.ts';
import { createActionRoutes } from './incident-io/actions/routes.ts';
import { createCustomFieldOptionRoutes } from './incident-io/custom-field-options/routes.ts';
import { createCustomFieldRoutes } from './incident-io/custom-fields/routes.ts';
import { createFollowUpRoutes } from './incident-io/follow-ups/routes.ts';
import { createIncidentRoleRoutes } from './incident-io/incident-roles/routes.ts';
import { createIncidentStatusRoutes } from './incident-io/incident-statuses/routes.ts';
import { createIncidentTypeRoutes } from './incident-io/incident-types/routes.ts';
import { createIncidentIoIncidentRoutes } from './incident-io/incidents/routes.ts';
import { createIncidentIoMembershipRoutes } from './incident-io/memberships/routes.ts';
import { createSeverityRoutes } from './incident-io/severities/routes.ts';
import { createUserRoutes } from './incident-io/users/routes.ts';
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
    ...createApiKeyRoutes(deps),
    ...createAuditLogRoutes(deps),
    ...createTeamRoutes(deps),
    ...createWebhookRoutes(deps),
    ...createEnqueueRoutes(deps),
    ...createRulesetRoutes(deps),
    ...createRulesetActionRoutes(deps),
    ...createIncidentRoutes(deps),
    ...createActionRoutes(deps),
    ...createFollowUpRoutes(deps),
    ...createExportRoutes(deps),
    ...createScheduleRoutes(deps),
    ...createEscalationPolicyRoutes(deps),
    ...createContactMethodRoutes(deps),
    ...createNotificationRoutes(deps),
    ...createLinkRoutes(deps),
    ...createStatusPageRoutes(deps),
    ...createSubscriptionRoutes(deps),
    ...createDeliveryRoutes(deps),
    ...createWebhookSubscriptionRoutes(deps),
    ...createIncidentIoIncidentRoutes(deps),
    ...createIncidentIoMembershipRoutes(deps),
    ...createUserRoutes(deps),
    ...createSeverityRoutes(deps),
    ...createCustomFieldRoutes(deps),
    ...createCustomFieldOptionRoutes(deps),
    ...createIncidentRoleRoutes(deps),
    ...createIncidentStatusRoutes(deps),
    ...createIncidentTypeRoutes(deps),
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
