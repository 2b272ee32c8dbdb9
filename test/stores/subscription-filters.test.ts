import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { TransitionType } from '../../src/domain/incident/log-entry.ts';
import { planTransition } from '../../src/outbound/dialect.ts';
import { dialects } from '../../src/outbound/index.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import { createSealer } from '../../src/stores/sealed.ts';
import { createSubscriptionStore, type NewSubscription } from '../../src/stores/subscriptions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { recordIncident, type RecordedIncident } from '../support/recorded-incident.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

/** What subscriptions are told of, in every dialect alike. */
describe('what a subscription hears of', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    organisation = await insertOrganisation(database.sql);
  });

  const subscribe = async (dialect: string, changes: Partial<NewSubscription> = {}): Promise<string> => {
    const store = createSubscriptionStore(database.sql, createSealer('a test key of thirty-two characters'));
    const draft = {
      name: 'Receiver',
      url: 'https://example.com',
      dialect,
      events: Object.keys(dialects[dialect]!.events),
    };
    return (await store.create(organisation.organisationId, { ...draft, ...changes })).id;
  };
  const finish = async (incident: RecordedIncident) => {
    await incident.apply({ type: 'acknowledge' });
    await incident.apply({ type: 'resolve', resolution: 'restarted', rootCause: 'pool' });
  };
  /** As the dialect calls them, in order. */
  const heard = async (subscriptionId: string): Promise<string[]> => {
    const rows = await database.sql<{ event: string }[]>`
      SELECT event FROM deliveries WHERE subscription_id = ${subscriptionId} ORDER BY sequence, event`;
    return rows.map(({ event }) => event);
  };
  /** What the life of an incident is called that is seen by all, or by few. */
  const life = (
    dialect: string,
    visibility: 'public' | 'private',
    types: TransitionType[] = ['acknowledged', 'resolved'],
  ) =>
    types.flatMap((type) =>
      planTransition([dialects[dialect]!], { type, details: {} })
        .filter((planned) => (planned.visibility ?? visibility) === visibility)
        .map(({ event }) => event)
        .sort(),
    );

  for (const dialect of Object.keys(dialects)) {
    it(`of private incidents only where it includes them (${dialect})`, async () => {
      const [all, some] = [await subscribe(dialect, { includesPrivate: true }), await subscribe(dialect)];
      const incident = await recordIncident(database.sql, organisation);
      await database.sql`UPDATE incidents SET visibility = 'private' WHERE id = ${incident.id}`;
      await database.sql`DELETE FROM deliveries`;
      await finish(incident);
      assert.deepEqual(await heard(some), []);
      assert.deepEqual(await heard(all), life(dialect, 'private'));
      assert.ok(life(dialect, 'public').length > 0);

      await database.sql`DELETE FROM deliveries`;
      await finish(await recordIncident(database.sql, organisation));
      await database.sql`DELETE FROM deliveries WHERE transition_type = 'triggered'`;
      for (const id of [all, some]) assert.deepEqual(await heard(id), life(dialect, 'public'));
    });

    it(`of the events it names alone (${dialect})`, async () => {
      const wanted = life(dialect, 'public', ['resolved']);
      const [some, none] = [await subscribe(dialect, { events: wanted }), await subscribe(dialect, { events: [] })];
      await finish(await recordIncident(database.sql, organisation));
      assert.deepEqual([...new Set(await heard(some))], wanted);
      assert.deepEqual(await heard(none), []);
    });

    it(`of its team's or its service's incidents alone (${dialect})`, async () => {
      const { sql } = database;
      const { organisationId, teamId, webhookId } = organisation;
      const [otherTeam, otherWebhook] = [uuid(), uuid()];
      await sql`INSERT INTO teams (id, organisation_id, number, name) VALUES (${otherTeam}, ${organisationId}, 2, 'Others')`;
      await sql`INSERT INTO webhooks (id, organisation_id, number, name) VALUES (${otherWebhook}, ${organisationId}, 2, 'Other')`;
      const stored = await createRulesetStore(sql).create(organisationId, rulesetDraft({ teamId }));
      assert.ok('ruleset' in stored);
      const rulesetId = stored.ruleset.id;

      const service = (id: string) => subscribe(dialect, { filter: { type: 'service', id } });
      const team = (id: string) => subscribe(dialect, { filter: { type: 'team', id } });
      const subscriptions = {
        account: await subscribe(dialect),
        team: await team(teamId),
        otherTeam: await team(otherTeam),
        ruleset: await service(rulesetId),
        webhook: await service(webhookId),
        otherWebhook: await service(otherWebhook),
        teamAsService: await service(teamId),
      };
      const hearers = async (origin: { rulesetId?: string; webhookId?: string }) => {
        const incident = await recordIncident(sql, organisation);
        await sql`
          UPDATE incidents SET ruleset_id = ${origin.rulesetId ?? null}, webhook_id = ${origin.webhookId ?? null}
          WHERE id = ${incident.id}`;
        await sql`DELETE FROM deliveries`;
        await finish(incident);
        const names: string[] = [];
        for (const [name, id] of Object.entries(subscriptions)) if ((await heard(id)).length > 0) names.push(name);
        return names;
      };
      assert.deepEqual(await hearers({ rulesetId, webhookId }), ['account', 'team', 'ruleset']);
      assert.deepEqual(await hearers({ webhookId }), ['account', 'team', 'webhook']);
      assert.deepEqual(await hearers({}), ['account', 'team', 'teamAsService']);
    });
  }

  it('of what its API key reported alone', async () => {
    const { sql } = database;
    const { apiKeyId } = organisation;
    const other = await insertOrganisation(sql, 'Other');
    const filter = { type: 'api_key', id: apiKeyId } as const;
    const [reported, nothing] = [
      await subscribe('standard', { filter }),
      await subscribe('standard', { filter: { type: 'api_key', id: other.apiKeyId } }),
    ];
    await finish(await recordIncident(sql, organisation));
    assert.deepEqual(await heard(reported), [], 'nobody knows who reported it');
    const incident = await recordIncident(sql, organisation);
    await sql`UPDATE incidents SET api_key_id = ${apiKeyId} WHERE id = ${incident.id}`;
    await finish(incident);
    assert.deepEqual(await heard(reported), ['incident.acknowledged', 'incident.resolved']);
    assert.deepEqual(await heard(nothing), []);
    const store = createSubscriptionStore(sql, createSealer('a test key of thirty-two characters'));
    const unknown = (id: string) => store.findUnknown(organisation.organisationId, { filter: { type: 'api_key', id } });
    assert.deepEqual(await unknown(apiKeyId), []);
    assert.deepEqual(await unknown(other.apiKeyId), [
      { field: 'filter.id', message: 'is not an API key of this organisation' },
    ]);
  });

  it('of nothing while it is disabled, and nothing once it is deleted', async () => {
    const store = createSubscriptionStore(database.sql, createSealer('a test key of thirty-two characters'));
    const { organisationId } = organisation;
    const [off, gone, on] = [await subscribe('standard'), await subscribe('standard'), await subscribe('standard')];
    await database.sql.begin((tx) => store.update(organisationId, off, { enabled: false }, tx));
    await database.sql.begin((tx) => store.remove(organisationId, gone, tx));
    const incident = await recordIncident(database.sql, organisation);
    assert.deepEqual([await heard(off), await heard(gone)], [[], []]);
    assert.deepEqual(await heard(on), ['incident.triggered']);
    await database.sql.begin((tx) => store.update(organisationId, off, { enabled: true }, tx));
    await incident.apply({ type: 'acknowledge' });
    assert.deepEqual(await heard(off), ['incident.acknowledged']);
  });
});
