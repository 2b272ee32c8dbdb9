import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from './api/app.ts';
import { createCursors } from './api/cursor.ts';
import { createTemporalStatus } from './api/health/temporal-status.ts';
import { closeHttpServer, createHttpServer } from './api/http-server.ts';
import { loadConfig } from './config.ts';
import { runEntryPoint } from './entry-point.ts';
import { createLogger, type Logger } from './logger.ts';
import { createChannels } from './notify/index.ts';
import { createAddressGuard } from './outbound/address-guard.ts';
import { createPost } from './outbound/post.ts';
import { createActionDefinitionStore } from './stores/action-definitions.ts';
import { createApiKeyStore } from './stores/api-keys.ts';
import { createAuditLog } from './stores/audit-log.ts';
import { createBacklogStore } from './stores/backlog.ts';
import { createContactMethodStore } from './stores/contact-methods.ts';
import { createCustomFieldOptionStore } from './stores/custom-field-options.ts';
import { createCustomFieldStore } from './stores/custom-fields.ts';
import { createDeliveryReads } from './stores/delivery-reads.ts';
import { createDeliveryRepairs } from './stores/delivery-repairs.ts';
import { createDeliveryStatistics } from './stores/delivery-statistics.ts';
import { createBell } from './stores/doorbell.ts';
import { createEscalationPolicyStore } from './stores/escalation-policies.ts';
import { createEventSamples } from './stores/event-samples.ts';
import { createEventStore } from './stores/events.ts';
import { createExportStore } from './stores/exports.ts';
import { createIdempotencyKeyStore } from './stores/idempotency-keys.ts';
import { createIncidentIoReads } from './stores/incident-io-incidents.ts';
import { createIncidentMembershipStore } from './stores/incident-memberships.ts';
import { createIncidentReads } from './stores/incident-reads.ts';
import { createIncidentRoleStore } from './stores/incident-roles.ts';
import { createIncidentStatusStore } from './stores/incident-statuses.ts';
import { createIncidentTypeStore } from './stores/incident-types.ts';
import { createTaskStore } from './stores/incident-tasks.ts';
import { createIncidentStore } from './stores/incidents.ts';
import { createIncidentUpdates } from './stores/incident-updates.ts';
import { createMemberStore } from './stores/members.ts';
import { createMergeStore } from './stores/merges.ts';
import { isMigrated, readMigrations } from './stores/migrations.ts';
import { createNotificationPlans } from './stores/notification-plans.ts';
import { createNotificationRuleStore } from './stores/notification-rules.ts';
import { createNotificationStore } from './stores/notifications.ts';
import { createOrganisationStore, ensureAdminKey } from './stores/organisations.ts';
import { createOverrideStore } from './stores/overrides.ts';
import { createRulesetStore } from './stores/rulesets.ts';
import { createScheduleStore } from './stores/schedules.ts';
import { createSealer } from './stores/sealed.ts';
import { createSeverityStore } from './stores/severities.ts';
import { createSql, type Sql } from './stores/sql.ts';
import { createComponentStore } from './stores/status-page-components.ts';
import { createStatusPageStore } from './stores/status-pages.ts';
import { createSubscriptionStore } from './stores/subscriptions.ts';
import { createTargetStore } from './stores/targets.ts';
import { createTeamStore } from './stores/teams.ts';
import { createUserStore } from './stores/users.ts';
import { createWebhookStore } from './stores/webhooks.ts';
import { createTemporalClient } from './temporal/connection.ts';
import { createIncidentWorkflows } from './temporal/incidents.ts';

/** Requests in flight get so long to finish; below the container's stop time of 30 s. */
const drainMs = 10_000;

const connections = 20;
/** An incident is stored before its workflow starts, so nobody need wait long for Temporal. */
const startDeadlineMs = 2_000;

// Production entry point: the API. Wiring only.
await runEntryPoint('server', async () => {
  const config = loadConfig(process.env, ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'ADMIN_API_KEY', 'SECRET_KEY']);
  const logger = createLogger(config.logLevel, 'server');

  const sql = createSql(config.databaseUrl!, { max: connections, applicationName: 'tocsin-api' });
  const migrations = await readMigrations(new URL('../migrations/', import.meta.url));
  const sealer = createSealer(config.secretKey!);
  const allowedNetworks = config.outboundAllowedNetworks ?? [];
  const { client, connection, namespace } = createTemporalClient(config, process.env);
  const incidents = createIncidentStore(sql);
  const workflows = createIncidentWorkflows(client, incidents.opening);

  const app = createApp({
    sql,
    logger,
    sealer,
    roles: config.apiRoles,
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    cursors: createCursors(config.secretKey!),
    stores: {
      actionDefinitions: createActionDefinitionStore(sql, sealer),
      apiKeys: createApiKeyStore(sql),
      auditLog: createAuditLog(sql),
      backlog: createBacklogStore(sql),
      components: createComponentStore(sql),
      contactMethods: createContactMethodStore(sql, sealer),
      customFieldOptions: createCustomFieldOptionStore(sql),
      customFields: createCustomFieldStore(sql),
      deliveryReads: createDeliveryReads(sql),
      deliveryRepairs: createDeliveryRepairs(sql),
      deliveryStatistics: createDeliveryStatistics(sql),
      escalationPolicies: createEscalationPolicyStore(sql),
      events: createEventStore(sql, createBell(sql, logger), sealer),
      eventSamples: createEventSamples(sql),
      exports: createExportStore(sql),
      idempotencyKeys: createIdempotencyKeyStore(sql),
      incidentIoReads: createIncidentIoReads(sql),
      incidentReads: createIncidentReads(sql),
      incidents,
      incidentUpdates: createIncidentUpdates(sql),
      incidentRoles: createIncidentRoleStore(sql),
      incidentStatuses: createIncidentStatusStore(sql),
      incidentTypes: createIncidentTypeStore(sql),
      members: createMemberStore(sql),
      memberships: createIncidentMembershipStore(sql),
      merges: createMergeStore(sql),
      notificationPlans: createNotificationPlans(sql),
      notificationRules: createNotificationRuleStore(sql),
      notifications: createNotificationStore(sql, createBell(sql, logger)),
      organisations: createOrganisationStore(sql),
      overrides: createOverrideStore(sql),
      rulesets: createRulesetStore(sql),
      schedules: createScheduleStore(sql),
      severities: createSeverityStore(sql),
      statusPages: createStatusPageStore(sql),
      subscriptions: createSubscriptionStore(sql, sealer),
      targets: createTargetStore(sql),
      tasks: createTaskStore(sql),
      teams: createTeamStore(sql),
      users: createUserStore(sql),
      webhooks: createWebhookStore(sql, sealer),
    },
    workflows: {
      ...workflows,
      start: (state) => client.withDeadline(Date.now() + startDeadlineMs, () => workflows.start(state)),
    },
    temporal: createTemporalStatus(connection, namespace),
    channels: createChannels({
      post: createPost({ allowedNetworks }),
      smtpUrl: config.smtpUrl,
      mailFrom: config.mailFrom,
      publicUrl: config.publicUrl,
    }),
    targetRefusal: createAddressGuard({ allowedNetworks }).refusalOf,
    isMigrated: () => isMigrated(sql, migrations),
  });

  // It listens before Postgres is there: /health and /ready say what is missing meanwhile.
  const server = createHttpServer(app.callback());
  await listen(server, config.port);
  await ensureAdminKeyPatiently(sql, config.adminApiKey!, logger);
  logger.info({ port: config.port, roles: config.apiRoles }, 'server ready');

  return {
    async stop() {
      await closeHttpServer(server, drainMs);
      await connection.close();
      await sql.end({ timeout: 5 });
    },
  };
});

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Postgres may still be starting, and migrations may still be running in another process. */
async function ensureAdminKeyPatiently(sql: Sql, key: string, logger: Logger): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await ensureAdminKey(sql, key);
    } catch (error) {
      if (tries % 20 === 0) logger.warn({ err: error }, 'the database is not ready; trying again');
      await sleep(500);
    }
  }
}
