import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createDeliverWebhooks } from './activities/deliver-webhooks.ts';
import { createEvaluateRulesets } from './activities/evaluate-rulesets.ts';
import { createKeepHouse } from './activities/keep-house.ts';
import { createMergeActivities } from './activities/merge-incidents.ts';
import { createNoticeEndedWorkflows } from './activities/notice-ended-workflows.ts';
import { createPagingActivities } from './activities/page.ts';
import { pumpActivity } from './activities/pump.ts';
import { createIncidentActivities } from './activities/record-transitions.ts';
import { createResolveMerged } from './activities/resolve-merged.ts';
import { createActionActivities } from './activities/run-action.ts';
import { createSendNotifications } from './activities/send-notifications.ts';
import { createSupportHoursActivities } from './activities/support-hours.ts';
import { createTellOwners } from './activities/tell-owners.ts';
import { createStartIncidents } from './activities/start-incidents.ts';
import { together } from './activities/together.ts';
import { loadConfig } from './config.ts';
import { runEntryPoint } from './entry-point.ts';
import { createLogger } from './logger.ts';
import { createChannels } from './notify/index.ts';
import { createMailer } from './notify/mailer.ts';
import { dialects } from './outbound/index.ts';
import { createPost } from './outbound/post.ts';
import { forgetOldContents } from './stores/command-contents.ts';
import { createActionRunStore } from './stores/action-runs.ts';
import { createDeliveryStore } from './stores/deliveries.ts';
import { createBell, createEar, shardCount } from './stores/doorbell.ts';
import { createEndedWorkflowStore } from './stores/ended-workflows.ts';
import { createEventStore } from './stores/events.ts';
import { createIdempotencyKeyStore } from './stores/idempotency-keys.ts';
import { createIncidentStore } from './stores/incidents.ts';
import { createMergeStore } from './stores/merges.ts';
import { createLinkTokens } from './stores/link-tokens.ts';
import { createNotificationQueue } from './stores/notification-queue.ts';
import { createNotificationStore } from './stores/notifications.ts';
import { createSealer } from './stores/sealed.ts';
import { createSql } from './stores/sql.ts';
import { createStatusPageStore } from './stores/status-pages.ts';
import { createSubscriptionNoticeStore } from './stores/subscription-notices.ts';
import { createSupportHoursStore } from './stores/support-hours.ts';
import { createTargetStore } from './stores/targets.ts';
import { createTransitionStore } from './stores/transitions.ts';
import { createTemporalClient, temporalConnectOptions } from './temporal/connection.ts';
import { createEndedWorkflows } from './temporal/ended-workflows.ts';
import { createIncidentWorkflows } from './temporal/incidents.ts';
import { taskQueues, workflowTypes } from './temporal/names.ts';
import { registerSearchAttributes } from './temporal/search-attributes.ts';
import { workflowBundle } from './temporal/workflow-bundle.ts';
import { temporalLogger } from './temporal/logger.ts';

/** In-flight webhook attempts end within their own timeout; below the container's stop time of 30 s. */
const shutdownGraceTime = '15s';

/** Activities of each kind that record at once, and the connections they have. */
const recordingSlots = 40;
const recordingConnections = 10;

/** Actions under way at once: most of their time is an endpoint's. */
const actionSlots = 100;

/** Other chores wait for it. */
const noticeTimeoutMs = 3_000;

// Production entry point: everything that Temporal calls. Wiring only.
await runEntryPoint('worker', async () => {
  const config = loadConfig(process.env, ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'SECRET_KEY']);
  const logger = createLogger(config.logLevel, 'worker');
  Runtime.install({
    logger: temporalLogger(logger),
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: 'WARN' } },
  });

  const databaseUrl = config.databaseUrl!;
  // A pool each, so that the inbox's long transactions never keep an acknowledge waiting.
  const recordingSql = createSql(databaseUrl, { max: recordingConnections, applicationName: 'tocsin-incidents' });
  const inboxSql = createSql(databaseUrl, { max: shardCount + 2, applicationName: 'tocsin-inbox' });
  const outboxSql = createSql(databaseUrl, { max: 2 * shardCount + 4, applicationName: 'tocsin-outbox' });
  const bell = createBell(recordingSql, logger);
  const ear = await createEar(inboxSql);

  const { client, connection, namespace } = createTemporalClient(config, process.env);
  await registerSearchAttributes(connection, namespace);
  const incidentStore = createIncidentStore(recordingSql);
  const incidents = createIncidentWorkflows(client, incidentStore.opening);
  const startIncidents = createStartIncidents({ sql: inboxSql, incidents, logger });

  const evaluateRulesets = createEvaluateRulesets({ sql: inboxSql, ear, logger, incidents });
  const sealer = createSealer(config.secretKey!);
  const post = createPost({ allowedNetworks: config.outboundAllowedNetworks ?? [] });
  const deliverWebhooks = createDeliverWebhooks({
    deliveries: createDeliveryStore(outboxSql, sealer),
    post,
    ear,
    publicUrl: config.publicUrl,
    logger,
  });
  const { publicUrl, smtpUrl, mailFrom } = config;
  const sendNotifications = createSendNotifications({
    queue: createNotificationQueue(outboxSql, sealer),
    channels: createChannels({ post, smtpUrl, mailFrom, publicUrl }),
    links: createLinkTokens(sealer),
    ear,
    publicUrl,
    logger,
  });
  const pagingActivities = createPagingActivities({
    targets: createTargetStore(outboxSql),
    notifications: createNotificationStore(outboxSql, bell),
  });
  const actionRuns = createActionRunStore(outboxSql, sealer);
  const actionActivities = createActionActivities({
    runs: actionRuns,
    post,
    events: createEventStore(outboxSql, bell, sealer),
    statusPages: createStatusPageStore(outboxSql),
    publicUrl: config.publicUrl,
    logger,
  });
  const idempotencyKeys = createIdempotencyKeyStore(recordingSql);
  const resolveMerged = createResolveMerged({ merges: createMergeStore(inboxSql), incidents, logger });
  const noticeEndedWorkflows = createNoticeEndedWorkflows({
    workflows: createEndedWorkflows(client),
    store: createEndedWorkflowStore(recordingSql),
  });
  const mergeActivities = createMergeActivities({ merges: createMergeStore(outboxSql), incidents });
  const supportHours = createSupportHoursActivities(createSupportHoursStore(outboxSql));
  const isMailSetUp = smtpUrl !== undefined && mailFrom !== undefined;
  const tellOwners = createTellOwners({
    notices: createSubscriptionNoticeStore(outboxSql, bell),
    dialects: Object.values(dialects),
    mailer: isMailSetUp ? createMailer({ smtpUrl, mailFrom, publicUrl, timeoutMs: noticeTimeoutMs }) : null,
    publicUrl,
    logger,
  });
  const keepHouse = createKeepHouse({
    logger,
    chores: [
      { name: 'start incidents', everyMs: 2_000, run: () => startIncidents.startUnstarted(100) },
      { name: 'signal occurrences', everyMs: 2_000, run: () => startIncidents.signalUnsignalled(100) },
      {
        name: 'acknowledge incidents',
        everyMs: 2_000,
        run: () => startIncidents.acknowledgeUnacknowledged(100),
      },
      { name: 'clear incidents', everyMs: 2_000, run: () => startIncidents.clearUncleared(100) },
      { name: 'resolve merged incidents', everyMs: 2_000, run: () => resolveMerged(100) },
      { name: 'notice ended workflows', everyMs: 5_000, run: noticeEndedWorkflows },
      { name: 'give actions up', everyMs: 60_000, run: () => actionRuns.giveUpAbandoned(100) },
      { name: 'tell owners of disabled subscriptions', everyMs: 10_000, run: () => tellOwners(10) },
      { name: 'forget contents of commands', everyMs: 600_000, run: () => forgetOldContents(recordingSql) },
      { name: 'forget idempotency keys', everyMs: 600_000, run: () => idempotencyKeys.forgetOld() },
    ],
  });

  const draining = new AbortController();
  const native = await NativeConnection.connect(temporalConnectOptions(config, process.env).connectionOptions);
  const common = { connection: native, namespace, shutdownGraceTime } as const;
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: taskQueues.incidents,
      workflowBundle: await workflowBundle(),
      activities: {
        ...createIncidentActivities(createTransitionStore(recordingSql, bell)),
        keepHouse: () => pumpActivity(keepHouse, draining.signal)(0),
      },
      maxConcurrentLocalActivityExecutions: recordingSlots,
      maxConcurrentActivityTaskExecutions: recordingSlots,
      // A worker that dies leaves its workflows to others after this.
      stickyQueueScheduleToStartTimeout: '3s',
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueues.inbox,
      activities: { evaluateRulesets: pumpActivity(evaluateRulesets, draining.signal) },
      maxConcurrentActivityTaskExecutions: shardCount * 2,
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueues.outbox,
      activities: { deliverWebhooks: pumpActivity(together(deliverWebhooks, sendNotifications), draining.signal) },
      maxConcurrentActivityTaskExecutions: shardCount * 2,
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueues.actions,
      activities: { ...actionActivities, ...pagingActivities, ...mergeActivities, ...supportHours },
      maxConcurrentActivityTaskExecutions: actionSlots,
    }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));

  await startPumps();
  logger.info('worker ready');
  return {
    failed: running,
    async stop() {
      // Polling ends first, so that a pump's next round goes to another worker; then the rounds end.
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      draining.abort();
      await running;
      await Promise.all([deliverWebhooks.settled(), sendNotifications.settled()]);
      await ear.close();
      await native.close();
      await connection.close();
      await Promise.all([recordingSql, inboxSql, outboxSql].map((sql) => sql.end({ timeout: 5 })));
    },
  };

  async function startPumps(): Promise<void> {
    const shards = Array.from({ length: shardCount }, (_, shard) => shard);
    const pumps = [
      ...shards.map((shard) => ({ type: workflowTypes.inbox, id: `inbox-${shard}`, args: [shard] })),
      ...shards.map((shard) => ({ type: workflowTypes.outbox, id: `outbox-${shard}`, args: [shard] })),
      { type: workflowTypes.housekeeping, id: 'housekeeping', args: [] },
    ];
    for (const { type, id, args } of pumps)
      await client.workflow.start(type, {
        workflowId: id,
        taskQueue: taskQueues.incidents,
        args,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
  }
});
