import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { Agent } from '../../src/domain/incident/log-entry.ts';
import type { ServiceSnapshot } from '../../src/domain/webhook/outbound-event.ts';
import { dialects } from '../../src/outbound/index.ts';
import { createDeliveryReads } from '../../src/stores/delivery-reads.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { recordServiceChange, recordServiceUpdate } from '../../src/stores/service-events.ts';
import { createSubscriptionStore, type NewSubscription } from '../../src/stores/subscriptions.ts';
import { createTeamStore } from '../../src/stores/teams.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { renderContext } from '../support/render-context.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';
import { insertIncident } from '../support/transition.ts';

const agent: Agent = { type: 'key', id: null, name: 'Test key' };

describe('stores/service-events', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.sql`TRUNCATE deliveries, subscriptions CASCADE`;
    organisation = await insertOrganisation(database.sql);
  });

  const subscribe = async (settings: Partial<NewSubscription> = {}) => {
    const store = createSubscriptionStore(database.sql, createSealer('a test key of thirty-two characters'));
    const events = ['service.created', 'service.updated', 'service.deleted'];
    const draft = { name: 'R', url: 'https://example.com/', dialect: 'pagerduty.v3', events, ...settings };
    return (await store.create(organisation.organisationId, draft)).id;
  };
  const told = async (id: string) => {
    const reads = createDeliveryReads(database.sql);
    const list = await reads.list(organisation.organisationId, id, { limit: 50 }, itself);
    const whole = await Promise.all(
      list.reverse().map((one) => reads.get(organisation.organisationId, one.id, itself)),
    );
    return whole.map((one) => ({
      event: one!.event,
      dialect: one!.dialect,
      snapshot: one!.snapshot as ServiceSnapshot,
    }));
  };
  const events = async (id: string) => (await told(id)).map(({ event }) => event);
  const createRuleset = async () => {
    const draft = rulesetDraft({ teamId: organisation.teamId });
    const made = await createRulesetStore(database.sql).create(organisation.organisationId, draft);
    assert.ok('ruleset' in made);
    return made.ruleset;
  };

  it('reach those who ask for them, of the account, the team and the service', async () => {
    const { organisationId, teamId, webhookId } = organisation;
    const ruleset = await createRuleset();
    const ids = {
      account: await subscribe(),
      standard: await subscribe({ dialect: 'standard' }),
      team: await subscribe({ filter: { type: 'team', id: teamId } }),
      otherTeam: await subscribe({ filter: { type: 'team', id: uuid() } }),
      ruleset: await subscribe({ filter: { type: 'service', id: ruleset.id } }),
      webhook: await subscribe({ filter: { type: 'service', id: webhookId } }),
      deletions: await subscribe({ events: ['service.deleted'] }),
      disabled: await subscribe({ enabled: false }),
      speechless: await subscribe({ dialect: 'pulseapi', events: ['incident.created'] }),
    };
    const services = { ruleset: ruleset.id, webhook: webhookId, team: teamId } as const;
    for (const [type, id] of Object.entries(services) as ['ruleset' | 'webhook' | 'team', string][])
      await database.sql.begin((tx) => recordServiceChange(tx, organisationId, { type, id, agent, change: 'updated' }));

    const types = async (id: string) => (await told(id)).map(({ snapshot }) => snapshot.service.type);
    assert.deepEqual(await types(ids.account), ['ruleset', 'webhook', 'team']);
    assert.deepEqual(await types(ids.standard), ['ruleset', 'webhook', 'team']);
    assert.deepEqual(await types(ids.team), ['ruleset', 'team']);
    assert.deepEqual(await types(ids.ruleset), ['ruleset']);
    assert.deepEqual(await types(ids.webhook), ['webhook']);
    for (const id of [ids.otherTeam, ids.deletions, ids.disabled, ids.speechless])
      assert.deepEqual(await types(id), []);
    for (const { event, dialect, snapshot } of [...(await told(ids.account)), ...(await told(ids.standard))])
      assert.ok(dialects[dialect]!.render(event, snapshot, renderContext));
  });

  it('say what the service is then, and its state', async () => {
    const { organisationId, teamId } = organisation;
    const id = await subscribe();
    const ruleset = await createRuleset();
    const incidentId = await insertIncident(database.sql, organisation);
    await database.sql`UPDATE incidents SET ruleset_id = ${ruleset.id} WHERE id = ${incidentId}`;
    const service = { type: 'ruleset', id: ruleset.id, agent } as const;
    await database.sql.begin(async (tx) => {
      await createRulesetStore(database.sql).remove(organisationId, ruleset.id, tx);
      await recordServiceChange(tx, organisationId, { ...service, change: 'deleted' });
    });
    const [{ event, snapshot }] = (await told(id)) as [Awaited<ReturnType<typeof told>>[number]];
    assert.equal(event, 'service.deleted');
    assert.deepEqual(snapshot.team, { id: teamId, number: 1, name: 'First responders' });
    assert.deepEqual(snapshot.organisation, { id: organisationId, name: 'Acme' });
    assert.deepEqual(snapshot.agent, agent);
    const { status, lastIncidentAt, name, urgency, number } = snapshot.service;
    assert.deepEqual([status, name, urgency, number], ['triggered', ruleset.name, ruleset.urgency, ruleset.number]);
    assert.ok(lastIncidentAt);
  });

  it('are told of a change only when there was one, and only when it is committed', async () => {
    const { organisationId, teamId } = organisation;
    const id = await subscribe();
    const service = { type: 'team', id: teamId, agent } as const;
    const teams = createTeamStore(database.sql);
    const rename = (name: string | undefined, fails = false) =>
      database.sql.begin(async (tx) => {
        await recordServiceUpdate(tx, organisationId, service, () =>
          teams.update(organisationId, teamId, { name }, tx),
        );
        if (fails) throw new Error('undone');
      });
    await rename(undefined);
    await rename('First responders');
    await assert.rejects(rename('Undone', true));
    assert.deepEqual(await events(id), []);
    await rename('Last responders');
    assert.deepEqual(await events(id), ['service.updated']);

    const ruleset = await createRuleset();
    const rulesets = createRulesetStore(database.sql);
    const change = (enabled: boolean) =>
      database.sql.begin((tx) =>
        recordServiceUpdate(tx, organisationId, { type: 'ruleset', id: ruleset.id, agent }, () =>
          rulesets.update(organisationId, ruleset.id, (stored) => ({ draft: { ...stored, enabled } }), tx),
        ),
      );
    await change(true);
    assert.equal((await events(id)).length, 1, 'its version alone is no change');
    await change(false);
    assert.equal((await events(id)).length, 2);
  });

  it('of one service stay in order, those of two do not wait for each other', async () => {
    const { organisationId, teamId, webhookId } = organisation;
    const id = await subscribe();
    for (const change of ['created', 'updated'] as const)
      for (const [type, serviceId] of [
        ['team', teamId],
        ['webhook', webhookId],
      ] as const)
        await database.sql.begin((tx) =>
          recordServiceChange(tx, organisationId, { type, id: serviceId, agent, change }),
        );
    const rows = await database.sql<{ subjectId: string; event: string }[]>`
      SELECT subject_id, event FROM deliveries WHERE subscription_id = ${id} ORDER BY sequence`;
    assert.deepEqual(
      rows.map(({ subjectId, event }) => [subjectId, event]),
      [
        [teamId, 'service.created'],
        [webhookId, 'service.created'],
        [teamId, 'service.updated'],
        [webhookId, 'service.updated'],
      ],
    );
  });
});
