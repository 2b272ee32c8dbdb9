import type { ApiRole } from '../config.ts';
import type { Logger } from '../logger.ts';
import type { Channels } from '../notify/index.ts';
import type { ActionDefinitionStore } from '../stores/action-definitions.ts';
import type { ApiKeyStore } from '../stores/api-keys.ts';
import type { AuditLog } from '../stores/audit-log.ts';
import type { BacklogStore } from '../stores/backlog.ts';
import type { ContactMethodStore } from '../stores/contact-methods.ts';
import type { CustomFieldOptionStore } from '../stores/custom-field-options.ts';
import type { CustomFieldStore } from '../stores/custom-fields.ts';
import type { DeliveryReads } from '../stores/delivery-reads.ts';
import type { DeliveryRepairs } from '../stores/delivery-repairs.ts';
import type { DeliveryStatisticsStore } from '../stores/delivery-statistics.ts';
import type { EscalationPolicyStore } from '../stores/escalation-policies.ts';
import type { EventSamples } from '../stores/event-samples.ts';
import type { EventStore } from '../stores/events.ts';
import type { ExportStore } from '../stores/exports.ts';
import type { IdempotencyKeyStore } from '../stores/idempotency-keys.ts';
import type { IncidentIoReads } from '../stores/incident-io-incidents.ts';
import type { IncidentMembershipStore } from '../stores/incident-memberships.ts';
import type { IncidentReads } from '../stores/incident-reads.ts';
import type { IncidentRoleStore } from '../stores/incident-roles.ts';
import type { IncidentStatusStore } from '../stores/incident-statuses.ts';
import type { IncidentTypeStore } from '../stores/incident-types.ts';
import type { TaskStore } from '../stores/incident-tasks.ts';
import type { IncidentStore } from '../stores/incidents.ts';
import type { IncidentUpdates } from '../stores/incident-updates.ts';
import type { MemberStore } from '../stores/members.ts';
import type { MergeStore } from '../stores/merges.ts';
import type { NotificationPlans } from '../stores/notification-plans.ts';
import type { NotificationRuleStore } from '../stores/notification-rules.ts';
import type { NotificationStore } from '../stores/notifications.ts';
import type { OrganisationStore } from '../stores/organisations.ts';
import type { OverrideStore } from '../stores/overrides.ts';
import type { RulesetStore } from '../stores/rulesets.ts';
import type { ScheduleStore } from '../stores/schedules.ts';
import type { Sealer } from '../stores/sealed.ts';
import type { SeverityStore } from '../stores/severities.ts';
import type { Sql } from '../stores/sql.ts';
import type { ComponentStore } from '../stores/status-page-components.ts';
import type { StatusPageStore } from '../stores/status-pages.ts';
import type { SubscriptionStore } from '../stores/subscriptions.ts';
import type { TargetStore } from '../stores/targets.ts';
import type { TeamStore } from '../stores/teams.ts';
import type { UserStore } from '../stores/users.ts';
import type { WebhookStore } from '../stores/webhooks.ts';
import type { IncidentWorkflows } from '../temporal/incident-workflows.ts';
import type { Cursors } from './cursor.ts';
import type { RateLimitPolicies } from './middleware/rate-limit.ts';

/** All that the API needs; made in server.ts. */
export interface ApiDeps {
  sql: Sql;
  logger: Logger;
  roles: ApiRole[];
  /** Without a trailing slash. */
  publicUrl: string;
  trustedProxies: string[];
  cursors: Cursors;
  sealer: Sealer;
  stores: {
    actionDefinitions: ActionDefinitionStore;
    apiKeys: ApiKeyStore;
    auditLog: AuditLog;
    backlog: BacklogStore;
    components: ComponentStore;
    contactMethods: ContactMethodStore;
    customFieldOptions: CustomFieldOptionStore;
    customFields: CustomFieldStore;
    deliveryReads: DeliveryReads;
    deliveryRepairs: DeliveryRepairs;
    deliveryStatistics: DeliveryStatisticsStore;
    escalationPolicies: EscalationPolicyStore;
    events: EventStore;
    eventSamples: EventSamples;
    exports: ExportStore;
    idempotencyKeys: IdempotencyKeyStore;
    incidentIoReads: IncidentIoReads;
    incidentReads: IncidentReads;
    incidentRoles: IncidentRoleStore;
    incidentStatuses: IncidentStatusStore;
    incidentTypes: IncidentTypeStore;
    incidents: IncidentStore;
    incidentUpdates: IncidentUpdates;
    members: MemberStore;
    memberships: IncidentMembershipStore;
    merges: MergeStore;
    notificationPlans: NotificationPlans;
    notificationRules: NotificationRuleStore;
    notifications: NotificationStore;
    organisations: OrganisationStore;
    overrides: OverrideStore;
    rulesets: RulesetStore;
    schedules: ScheduleStore;
    severities: SeverityStore;
    statusPages: StatusPageStore;
    subscriptions: SubscriptionStore;
    targets: TargetStore;
    tasks: TaskStore;
    teams: TeamStore;
    users: UserStore;
    webhooks: WebhookStore;
  };
  workflows: IncidentWorkflows;
  temporal: TemporalStatus;
  channels: Channels;
  /** What is wrong with a URL that deliveries shall go to, or null. */
  targetRefusal: (url: string) => Promise<string | null>;
  isMigrated: () => Promise<boolean>;
  /** Those of rate-limit.ts unless given. */
  rateLimits?: Partial<RateLimitPolicies>;
}

export interface TemporalStatus {
  isReachable(): Promise<boolean>;
  /** Whether a worker polled the incidents' task queue lately. */
  hasWorkers(): Promise<boolean>;
}
