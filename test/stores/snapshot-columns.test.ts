import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { insertIncidents, nextIncidentNumbers } from '../../src/stores/incidents.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import type { Command } from '../../src/domain/incident/command.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Sql } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newIncidentState } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

type Details<Given> = Given extends unknown ? Omit<Given, 'id' | 'channel'> : never;

const minutes = (count: number) => new Date(Date.parse('2026-04-16T14:00:00.000Z') + count * 60_000).toISOString();

describe('what a snapshot says of its incident', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  let organisationId: string;
  let teamId: string;
  let members: Record<'ada' | 'bob' | 'cyd', string>;

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    organisation = await insertOrganisation(database.sql);
    ({ organisationId, teamId } = organisation);
    members = { ada: uuid(), bob: uuid(), cyd: uuid() };
    for (const [name, id] of Object.entries(members))
      await database.sql`
        INSERT INTO members (id, organisation_id, team_id, name, email)
        VALUES (${id}, ${organisationId}, ${teamId}, ${name}, ${`${name}@example.com`})`;
  });

  async function open(change: Partial<IncidentState> = {}, row: { rulesetId?: string } = {}) {
    let state = newIncidentState({ organisationId, teamId, ...change });
    state = { ...state, number: await nextIncidentNumbers(database.sql, organisationId, 1) };
    await insertIncidents(database.sql, organisationId, [{ state, description: '', incidentKey: null, ...row }]);
    const store = createTransitionStore(database.sql, { ring: () => {} });
    const apply = async (command: Details<Command>, at: string): Promise<IncidentSnapshot> => {
      const result = transition(state, { ...command, id: uuid(), channel: 'api' } as Command, at);
      assert.ok(result.accepted);
      state = result.state;
      assert.equal(await store.record(organisationId, state.incidentId, [result.transition]), null);
      const [stored] = await database.sql<{ snapshot: IncidentSnapshot }[]>`
        SELECT snapshot FROM transitions WHERE incident_id = ${state.incidentId} AND sequence = ${result.transition.sequence}`;
      return stored!.snapshot;
    };
    return { apply, id: state.incidentId };
  }

  const key = { type: 'key', id: null, name: 'Key' } as const;
  const ada = () => ({ type: 'member', id: members.ada, name: 'ada' }) as const;
  const assignedNames = ({ incident, people }: IncidentSnapshot) =>
    incident.assigned?.map((id) => people?.find((person) => person.id === id)?.name);

  it('is read without a look at the settings of other organisations', async () => {
    const { sql } = database;
    await sql`INSERT INTO organisations (id, name) SELECT gen_random_uuid(), 'Other ' || n FROM generate_series(1, 2000) AS n`;
    await sql`ANALYZE incident_types, incident_statuses, severities`;
    const state = newIncidentState({ organisationId, teamId });
    await insertIncidents(sql, organisationId, [{ state, description: '', incidentKey: null, severity: 'Minor' }]);
    const opening = { type: 'trigger', id: 'trigger', agent: key, channel: 'api' } as const;
    const result = transition(state, opening, minutes(0));
    assert.ok(result.accepted);
    const scanned = await sql.begin(async (tx) => {
      const store = createTransitionStore(tx as unknown as Sql, { ring: () => {} });
      assert.equal(await store.record(organisationId, state.incidentId, [result.transition]), null);
      const [row] = await tx<{ read: number }[]>`
        SELECT sum(seq_tup_read)::integer AS read FROM pg_stat_xact_user_tables
        WHERE relname IN ('incident_types', 'incident_statuses', 'severities')`;
      return row!.read;
    });
    assert.equal(scanned, 0);
  });

  it('names everybody its assignees stand for, each once and in their order', async () => {
    const { apply } = await open();
    const opened = await apply({ type: 'trigger', agent: key }, minutes(0));
    assert.deepEqual(assignedNames(opened)?.sort(), ['ada', 'bob', 'cyd'], 'the whole team');
    assert.deepEqual(opened.people?.map(({ email }) => email).sort(), [
      'ada@example.com',
      'bob@example.com',
      'cyd@example.com',
    ]);
    const assignees = [
      { type: 'member', id: members.cyd },
      { type: 'schedule', id: teamId },
      { type: 'member', id: members.bob },
    ] as const;
    await database.sql`
      INSERT INTO overrides (id, organisation_id, team_id, member_id, since, until, created_at)
      VALUES (${uuid()}, ${organisationId}, ${teamId}, ${members.ada}, ${minutes(-60)}, ${minutes(60)}, ${minutes(-90)})`;
    const reassigned = await apply({ type: 'reassign', assignees: [...assignees], agent: key }, minutes(1));
    assert.deepEqual(assignedNames(reassigned), ['cyd', 'ada', 'bob'], 'the schedule is whoever is on call');
    const later = await apply({ type: 'annotate', content: 'Hm', agent: key }, minutes(61));
    assert.deepEqual(assignedNames(later), ['cyd', 'bob'], 'nobody is on call by then');
  });

  it('tells who did what before', async () => {
    const { apply } = await open();
    const opened = await apply({ type: 'trigger', agent: key }, minutes(0));
    const openedBy = { at: minutes(0), agent: key, channel: 'api' };
    assert.deepEqual(opened.incident.trail, {
      opened: openedBy,
      assignedAt: minutes(0),
      acknowledgements: [],
      lastStatusChange: openedBy,
      escalations: 0,
    });
    const escalated = await apply({ type: 'escalate', agent: key }, minutes(5));
    assert.equal(escalated.incident.trail?.escalations, 1);
    assert.equal(escalated.incident.trail?.assignedAt, minutes(5));
    const acknowledgement = { at: minutes(6), agent: ada(), channel: 'api' };
    const acknowledged = await apply({ type: 'acknowledge', agent: ada() }, minutes(6));
    assert.equal(acknowledged.transition.previousStatus, 'triggered');
    assert.deepEqual(acknowledged.incident.trail?.acknowledgements, [acknowledgement]);
    const snoozed = await apply({ type: 'snooze', duration: 60, agent: key }, minutes(7));
    assert.deepEqual(snoozed.incident.trail?.acknowledgements, [acknowledgement], 'it was acknowledged already');
    assert.deepEqual(snoozed.incident.trail?.lastStatusChange, acknowledgement);
    await database.sql`UPDATE incidents SET lifecycle = lifecycle || '{"assignees": []}' WHERE organisation_id = ${organisationId}`;
    const resolved = await apply({ type: 'resolve', resolution: null, rootCause: null, agent: key }, minutes(8));
    assert.deepEqual(resolved.incident.trail, {
      opened: openedBy,
      assignedAt: minutes(5),
      acknowledgements: [],
      lastStatusChange: { at: minutes(8), agent: key, channel: 'api' },
      escalations: 1,
    });
    assert.equal(resolved.transition.previousStatus, 'acknowledged');
    assert.deepEqual([opened.transition.sequence, resolved.transition.sequence], [1, 5]);
  });

  it("shows its service: the ruleset with its settings, and what state the service's incidents leave it in", async () => {
    const [rulesetId, policyId] = [uuid(), uuid()];
    await database.sql`
      INSERT INTO escalation_policies (id, organisation_id, number, name, levels)
      VALUES (${policyId}, ${organisationId}, 1, 'Night', '[]')`;
    await database.sql`
      INSERT INTO rulesets (id, organisation_id, number, team_id, level, rule_type, name, description, urgency, conditions,
        assignees, acknowledgement_timeout, escalation_policy_id)
      VALUES (${rulesetId}, ${organisationId}, 4, ${teamId}, 'team', 'webhook', 'Status codes', 'Bad ones', 'low', '[]', '[]',
        900, ${policyId})`;
    const first = await open({}, { rulesetId });
    const second = await open({}, { rulesetId });
    const { createdAt, lastIncidentAt, ...service } = (await first.apply({ type: 'trigger', agent: key }, minutes(0)))
      .service;
    assert.ok(createdAt && lastIncidentAt);
    assert.deepEqual(service, {
      type: 'ruleset',
      id: rulesetId,
      number: 4,
      name: 'Status codes',
      description: 'Bad ones',
      acknowledgementTimeout: 900,
      autoResolveTimeout: null,
      urgency: 'low',
      supportHours: null,
      escalationPolicy: { id: policyId, name: 'Night' },
      status: 'triggered',
    });
    await second.apply({ type: 'trigger', agent: key }, minutes(1));
    const statusAfter = async (incident: typeof first, command: Details<Command>) =>
      (await incident.apply(command, minutes(2))).service.status;
    const resolve = { type: 'resolve', resolution: null, rootCause: null, agent: key } as const;
    assert.equal(await statusAfter(first, { type: 'acknowledge', agent: key }), 'triggered', 'the other waits');
    assert.equal(await statusAfter(second, { type: 'acknowledge', agent: key }), 'acknowledged');
    assert.equal(await statusAfter(first, resolve), 'acknowledged');
    assert.equal(await statusAfter(second, resolve), 'resolved');
  });

  it('names what it was merged into, unless that is private and it is not', async () => {
    const target = await open();
    await target.apply({ type: 'trigger', agent: key }, minutes(0));
    const mergedInto = async (visibility: 'public' | 'private', own: 'public' | 'private') => {
      const { sql } = database;
      const source = await open();
      await source.apply({ type: 'trigger', agent: key }, minutes(0));
      await sql`UPDATE incidents SET visibility = ${visibility} WHERE id = ${target.id}`;
      await sql`UPDATE incidents SET visibility = ${own}, merging_into = ${target.id} WHERE id = ${source.id}`;
      const resolve = {
        type: 'resolve',
        resolution: null,
        rootCause: null,
        mergedInto: target.id,
        agent: key,
      } as const;
      return (await source.apply(resolve, minutes(1))).incident.mergedInto?.id ?? null;
    };
    assert.equal(await mergedInto('public', 'public'), target.id);
    assert.equal(await mergedInto('private', 'public'), null);
    assert.equal(await mergedInto('private', 'private'), target.id);
  });

  it('says nothing of private incidents in what a public one is told with', async () => {
    const [hidden, shown, told] = [await open(), await open(), await open()];
    for (const one of [hidden, shown, told]) await one.apply({ type: 'trigger', agent: key }, minutes(0));
    await database.sql`UPDATE incidents SET visibility = 'private' WHERE id = ${hidden.id}`;
    const merged = await told.apply({ type: 'merge', incidentIds: [hidden.id, shown.id], agent: key }, minutes(1));
    assert.deepEqual(merged.transition.details, { incident_ids: [shown.id] });
    const resolve = { type: 'resolve', resolution: null, rootCause: null, agent: key } as const;
    await shown.apply(resolve, minutes(2));
    const resolved = await told.apply({ ...resolve, mergedInto: hidden.id }, minutes(3));
    assert.deepEqual(resolved.transition.details, {});
    assert.equal(resolved.service.status, 'resolved', 'of the open ones of its service, one is private');
  });

  it('survives ids that nobody has', async () => {
    const { apply } = await open();
    await apply({ type: 'trigger', agent: { type: 'member', id: uuid(), name: 'Gone' } }, minutes(0));
    const assignees = [
      { type: 'member', id: uuid() },
      { type: 'schedule', id: uuid() },
    ] as const;
    const snapshot = await apply({ type: 'reassign', assignees: [...assignees], agent: key }, minutes(1));
    assert.deepEqual([snapshot.incident.assigned, snapshot.people], [[], []]);
  });
});
