import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { itself } from '../../src/domain/access/viewer.ts';
import type { Urgency } from '../../src/domain/incident/incident.ts';
import { createRulesetStore } from '../../src/stores/rulesets.ts';
import type { Queryable } from '../../src/stores/sql.ts';
import { createComponentStore, mostIncidentIds, type ComponentStore } from '../../src/stores/status-page-components.ts';
import {
  createStatusPageStore,
  mostStatusPages,
  type ComponentAddress,
  type StatusPageStore,
} from '../../src/stores/status-pages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

describe('status page stores', () => {
  let database: TestDatabase;
  let own: TestOrganisation;
  let other: TestOrganisation;
  let pages: StatusPageStore;
  let components: ComponentStore;
  const statements: string[] = [];
  before(async () => {
    database = await createTestDatabase({ onQuery: (query) => statements.push(query) });
    own = await insertOrganisation(database.sql, 'Own');
    other = await insertOrganisation(database.sql, 'Other');
    pages = createStatusPageStore(database.sql);
    components = createComponentStore(database.sql);
  });
  after(() => database.drop());

  async function makePage(of = own) {
    const page = await database.sql.begin((tx) => pages.create(of.organisationId, { name: 'Page' }, tx));
    assert.ok(typeof page === 'object');
    return page;
  }

  async function makeComponent(of = own, pageId?: string) {
    const statusPageId = pageId ?? (await makePage(of)).id;
    const made = await database.sql.begin((tx) =>
      components.create(of.organisationId, statusPageId, { name: 'Checkout' }, tx),
    );
    assert.ok(typeof made === 'object');
    return { ...made, address: { statusPageId, componentId: made.id } };
  }

  const openIncident = async (urgency: Urgency = 'high', of = own) =>
    (await storeIncident(database.sql, of, { urgency })).incidentId;
  const set = (incidentId: string, values: { status?: string; urgency?: Urgency }) =>
    database.sql`UPDATE incidents SET ${database.sql(values)} WHERE id = ${incidentId}`;
  const look = async ({ statusPageId, componentId }: { statusPageId: string; componentId: string }) => {
    const found = await components.get(own.organisationId, statusPageId, componentId, itself);
    assert.ok(found);
    assert.deepEqual(await components.list(own.organisationId, statusPageId, { limit: 9 }, itself), [found]);
    return found;
  };

  it('read the status from the incidents that are open, at their present urgency', async () => {
    const { address } = await makeComponent();
    const affect = (incidentId: string) => pages.affect(own.organisationId, { ...address, incidentId });
    assert.equal((await look(address)).status, 'operational');
    const [low, high] = [await openIncident('low'), await openIncident('high')];
    assert.equal(await affect(low), 'affected');
    assert.deepEqual(
      [(await look(address)).status, (await look(address)).incidentIds],
      ['degraded_performance', [low]],
    );
    assert.equal(await affect(high), 'affected');
    assert.deepEqual([(await look(address)).status, (await look(address)).incidentIds], ['major_outage', [low, high]]);

    await set(high, { urgency: 'medium' });
    assert.equal((await look(address)).status, 'partial_outage', 'a change of urgency shows at once');
    await set(high, { status: 'acknowledged' });
    assert.equal((await look(address)).status, 'partial_outage', 'acknowledged is not over');
    await set(high, { status: 'resolved' });
    assert.deepEqual(
      [(await look(address)).status, (await look(address)).incidentIds],
      ['degraded_performance', [low]],
    );
    assert.equal(await affect(high), 'affected', 'an action that runs late');
    assert.equal((await look(address)).status, 'degraded_performance');
    await set(low, { status: 'resolved' });
    assert.deepEqual([(await look(address)).status, (await look(address)).incidentIds], ['operational', []]);
  });

  it('are affected once by an incident, however often that is said', async () => {
    const { address } = await makeComponent();
    const incidentId = await openIncident();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => pages.affect(own.organisationId, { ...address, incidentId })),
    );
    assert.deepEqual(new Set(answers), new Set(['affected']));
    assert.deepEqual((await look(address)).incidentIds, [incidentId]);
  });

  it('name no more incidents than may be, the oldest', async () => {
    const { address } = await makeComponent();
    const ids: string[] = [];
    for (let index = 0; index < mostIncidentIds + 2; index++) ids.push(await openIncident('low'));
    for (const incidentId of [...ids].reverse()) await pages.affect(own.organisationId, { ...address, incidentId });
    await set(ids.at(-1)!, { urgency: 'high' });
    const found = await look(address);
    assert.deepEqual(found.incidentIds, ids.slice(0, mostIncidentIds));
    assert.equal(found.status, 'major_outage', 'of those that are not named too');
  });

  it('affect no component of another page, of another organisation, or that was deleted', async () => {
    const [mine, second, theirs] = [await makeComponent(), await makeComponent(), await makeComponent(other)];
    const incidentId = await openIncident();
    const { organisationId } = own;
    const refused = async (address: { statusPageId: string; componentId: string }) =>
      assert.equal(await pages.affect(organisationId, { ...address, incidentId }), 'unknown_component');
    await refused(theirs.address);
    await refused({ ...mine.address, statusPageId: second.statusPageId });
    await refused({ ...mine.address, componentId: uuid() });
    await pages.affect(organisationId, { ...mine.address, incidentId: await openIncident('high', other) });
    assert.equal((await look(mine.address)).status, 'operational', "another organisation's incident");
    await database.sql.begin((tx) => components.remove(organisationId, mine.statusPageId, mine.id, tx));
    await refused(mine.address);
    await database.sql.begin((tx) => pages.remove(organisationId, second.statusPageId, tx));
    await refused(second.address);
    assert.equal((await database.sql`SELECT FROM component_incidents WHERE incident_id = ${incidentId}`).length, 0);
  });

  it('say which places of a list name nothing', async () => {
    const [mine, second, theirs, gone] = [
      await makeComponent(),
      await makeComponent(),
      await makeComponent(other),
      await makeComponent(),
    ];
    await database.sql.begin((tx) => pages.remove(own.organisationId, gone.statusPageId, tx));
    const items = [
      mine.address,
      theirs.address,
      { statusPageId: mine.statusPageId.toUpperCase(), componentId: mine.id.toUpperCase() },
      { ...mine.address, statusPageId: second.statusPageId },
      gone.address,
      { statusPageId: mine.statusPageId, componentId: uuid() },
      second.address,
    ];
    assert.deepEqual(await pages.unknownComponents(own.organisationId, items), [1, 3, 4, 5]);
    assert.deepEqual(await pages.unknownComponents(own.organisationId, []), []);
    await database.sql.begin(async (tx) => {
      assert.deepEqual(await pages.unknownComponents(own.organisationId, items, tx), [1, 3, 4, 5]);
    });
  });

  it('wait with a delete for whoever is storing an action that names the component', async () => {
    const { sql } = database;
    const { organisationId } = own;
    for (const what of ['component', 'page'] as const)
      for (const stores of [true, false]) {
        const { address } = await makeComponent();
        const remove = () =>
          sql.begin(async (tx) => {
            const left =
              what === 'page'
                ? await pages.remove(organisationId, address.statusPageId, tx)
                : await components.remove(organisationId, address.statusPageId, address.componentId, tx);
            return left?.map(({ type }) => type);
          });
        let removed: ReturnType<typeof remove>;
        await sql.begin(async (tx) => {
          assert.deepEqual(await pages.unknownComponents(organisationId, [address], tx), []);
          removed = remove();
          await somethingWaits(tx);
          if (stores) await insertAction(tx, address);
        });
        assert.deepEqual(await removed!, stores ? ['ruleset'] : []);
        const unknown = await pages.unknownComponents(organisationId, [address]);
        assert.deepEqual(unknown, stores ? [] : [0]);
      }
  });

  it('find a component gone when its delete came first', async () => {
    const { sql } = database;
    const { address } = await makeComponent();
    let found: Promise<number[]>;
    await sql.begin(async (tx) => {
      assert.deepEqual(await components.remove(own.organisationId, address.statusPageId, address.componentId, tx), []);
      found = sql.begin((saving) => pages.unknownComponents(own.organisationId, [address], saving));
      await somethingWaits(tx);
    });
    assert.deepEqual(await found!, [0]);
  });

  it('are not held by actions and rulesets that are gone', async () => {
    const { sql } = database;
    const { address } = await makeComponent();
    const left = () =>
      sql.begin((tx) => components.remove(own.organisationId, address.statusPageId, address.componentId, tx));
    await insertAction(sql, address);
    assert.equal((await left())?.length, 1);
    await sql`UPDATE action_definitions SET deleted_at = now()`;
    await insertAction(sql, address);
    await sql`UPDATE rulesets SET deleted_at = now()`;
    assert.deepEqual(await left(), []);
    assert.equal(await left(), undefined);
  });

  it('never exceed their number, many at a time', async () => {
    const { sql } = database;
    const many = await insertOrganisation(sql, 'Many');
    await sql`
      INSERT INTO status_pages (id, organisation_id, name)
      SELECT gen_random_uuid(), ${many.organisationId}, 'P' FROM generate_series(1, ${mostStatusPages - 2})`;
    const create = () => sql.begin((tx) => pages.create(many.organisationId, { name: 'P' }, tx));
    const answers = await Promise.all(Array.from({ length: 8 }, create));
    assert.equal(answers.filter((answer) => answer === 'full').length, 6);
    const [page] = answers.filter((answer) => typeof answer === 'object');
    await sql.begin((tx) => pages.remove(many.organisationId, page!.id, tx));
    assert.ok(typeof (await create()) === 'object', 'a delete makes room');
  });

  it('are read by open incidents alone, however many there were', async () => {
    const { sql } = database;
    const busy = await insertOrganisation(sql, 'Busy');
    const { address } = await makeComponent(busy);
    const { incidentId } = await storeIncident(sql, busy, { urgency: 'low' });
    await sql`
      INSERT INTO incidents (
        id, organisation_id, number, team_id, name, description, urgency, created_at, status, lifecycle, opening)
      SELECT gen_random_uuid(), ${busy.organisationId}, n, ${busy.teamId}, 'Over', '', 'high', now(), 'resolved', '{}', '{}'
      FROM generate_series(2, 30000) n`;
    await sql`
      INSERT INTO component_incidents (organisation_id, component_id, incident_id)
      SELECT organisation_id, ${address.componentId}, id FROM incidents WHERE organisation_id = ${busy.organisationId}`;
    await sql`ANALYZE`;

    statements.length = 0;
    const [found] = await components.list(busy.organisationId, address.statusPageId, { limit: 9 }, itself);
    assert.deepEqual([found?.status, found?.incidentIds], ['degraded_performance', [incidentId]]);
    const plan = await sql.unsafe(`EXPLAIN (GENERIC_PLAN) ${statements.at(-1)}`).simple();
    assert.match(JSON.stringify(plan), /Index Scan using component_incidents_by_incident/);
  });

  /** A ruleset with an action that names the component. */
  async function insertAction(tx: Queryable, { statusPageId, componentId }: ComponentAddress) {
    const { organisationId, teamId } = own;
    const stored = await createRulesetStore(database.sql).create(organisationId, rulesetDraft({ teamId }), tx);
    assert.ok('ruleset' in stored);
    await tx`
      INSERT INTO action_definitions (id, organisation_id, action_id, ruleset_id, position, type, settings, digest)
      VALUES (${uuid()}, ${organisationId}, ${uuid()}, ${stored.ruleset.id}, 0, 'trigger-statuspage-update',
        ${tx.json([{ status_page_id: statusPageId, component_id: componentId }])}, '')`;
  }

  /** Until something waits for the transaction. */
  async function somethingWaits(tx: Queryable) {
    const [holder] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
    const waiting = () => database.sql`SELECT FROM pg_stat_activity WHERE ${holder!.pid} = ANY(pg_blocking_pids(pid))`;
    await poll(async () => (await waiting()).length > 0, { what: 'the wait for a lock' });
  }
});
