import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { Command } from '../../src/domain/incident/command.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Agent } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot } from '../../src/domain/incident/snapshot.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { type CommandContent, forgetOldContents, storeCommandContent } from '../../src/stores/command-contents.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

type Details<Given> = Given extends unknown ? Omit<Given, 'id' | 'agent' | 'channel'> : never;

describe('the content of a command', () => {
  let database: TestDatabase;
  let organisation: TestOrganisation;
  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
  });
  after(() => database.drop());

  const key: Agent = { type: 'key', id: null, name: 'Test key' };
  const begin = async () => {
    let state: IncidentState = await storeIncident(database.sql, organisation);
    const store = createTransitionStore(database.sql, { ring: () => {} });
    const { organisationId, incidentId } = state;
    return {
      incidentId,
      async apply(command: Details<Command>, content?: CommandContent, agent = key) {
        const id = uuid();
        if (content) await storeCommandContent(database.sql, organisationId, incidentId, id, content);
        const given = { ...command, id, agent, channel: 'api' } as Command;
        const result = transition(state, given, new Date().toISOString());
        assert.ok(result.accepted);
        state = result.state;
        for (let twice = 0; twice < 2; twice++)
          assert.equal(await store.record(organisationId, incidentId, [result.transition]), null);
        const [row] = await database.sql<Row[]>`
          SELECT i.name, i.description, i.severity, i.severity_id, i.resolution, i.mode, i.custom_fields, i.role_assignments,
            i.timestamps, t.snapshot, l.details
          FROM incidents i JOIN transitions t ON t.incident_id = i.id AND t.id = ${id}
          JOIN log_entries l ON l.incident_id = i.id AND l.sequence = t.sequence WHERE i.id = ${incidentId}`;
        return row!;
      },
    };
  };
  interface Row {
    name: string;
    description: string;
    severity: string | null;
    severityId: string | null;
    resolution: string | null;
    mode: string;
    customFields: Record<string, string[]>;
    roleAssignments: Record<string, string>;
    timestamps: Record<string, string>;
    snapshot: IncidentSnapshot;
    details: Record<string, unknown>;
  }
  const idOf = async (table: string, name: string): Promise<string> => {
    const [row] = await database.sql<{ id: string }[]>`
      SELECT id FROM ${database.sql(table)} WHERE organisation_id = ${organisation.organisationId} AND name = ${name}`;
    return row!.id;
  };
  const status = async (name: string, category: string): Promise<string> => {
    const id = uuid();
    await database.sql`
      INSERT INTO incident_statuses (id, organisation_id, name, description, category, rank)
      VALUES (${id}, ${organisation.organisationId}, ${name}, 'Made for this test.', ${category}, 9)`;
    return id;
  };
  const member = async (name: string): Promise<string> => {
    const id = uuid();
    const { organisationId, teamId } = organisation;
    await database.sql`
      INSERT INTO members (id, organisation_id, team_id, name, email)
      VALUES (${id}, ${organisationId}, ${teamId}, ${name}, ${`${id}@example.com`})`;
    return id;
  };
  const shown = ({ snapshot }: Row) => [
    snapshot.transition.previousIncidentStatus?.name ?? null,
    snapshot.incident.incidentStatus?.name ?? null,
  ];

  it('is taken with the transition of its command: row, snapshot and log', async () => {
    const incident = await begin();
    await incident.apply({ type: 'trigger' });
    const field = uuid();
    await database.sql`
      INSERT INTO custom_fields (id, organisation_id, name, description, field_type)
      VALUES (${field}, ${organisation.organisationId}, 'Ticket', '', 'link')`;
    const row = await incident.apply(
      { type: 'change', changes: {} },
      {
        changes: {
          name: 'New name',
          description: 'New text',
          severity: 'major',
          mode: 'test',
          customFields: { [field]: ['https://example.com/7'] },
          timestamps: { 'Reported at': '2026-01-01T00:00:00.000Z' },
        },
        details: { content: 'hush' },
      },
    );
    assert.deepEqual([row.name, row.description, row.severity, row.mode], ['New name', 'New text', 'major', 'test']);
    assert.equal(row.severityId, await idOf('severities', 'Major'));
    assert.equal(row.details.content, 'hush');
    const { incident: told, transition: told2 } = row.snapshot;
    assert.equal(told2.details?.content, 'hush');
    assert.deepEqual([told.name, told.rankedSeverity?.level, told.rankedSeverity?.levels], ['New name', 2, 3]);
    assert.deepEqual(
      told.customFields?.map(({ name, values }) => [name, values]),
      [['Ticket', ['https://example.com/7']]],
    );
    assert.deepEqual(told.timestamps, { 'Reported at': '2026-01-01T00:00:00.000Z' });

    const cleared = await incident.apply(
      { type: 'change', changes: {} },
      { changes: { severity: null, customFields: { [field]: [] }, timestamps: { 'Reported at': null } } },
    );
    assert.deepEqual(
      [cleared.severity, cleared.severityId, cleared.customFields, cleared.timestamps],
      [null, null, {}, {}],
    );
    assert.equal(cleared.name, 'New name');
  });

  it('shows a status of the organisation as long as its category fits the incident', async () => {
    const incident = await begin();
    assert.deepEqual(shown(await incident.apply({ type: 'trigger' })), [null, 'Triage']);
    assert.deepEqual(shown(await incident.apply({ type: 'acknowledge' })), ['Triage', 'Investigating']);
    const monitoring = await status('Monitoring', 'live');
    const change = { type: 'change', changes: {} } as const;
    const monitored = await incident.apply(change, { changes: { statusId: monitoring } });
    assert.deepEqual(shown(monitored), ['Investigating', 'Monitoring']);
    assert.deepEqual(shown(await incident.apply(change)), ['Monitoring', 'Monitoring']);
    assert.deepEqual(shown(await incident.apply({ type: 'unacknowledge' })), ['Monitoring', 'Triage']);
    assert.deepEqual(shown(await incident.apply({ type: 'acknowledge' })), ['Triage', 'Monitoring']);
    await database.sql`UPDATE incident_statuses SET deleted_at = now() WHERE id = ${monitoring}`;
    assert.deepEqual(shown(await incident.apply(change)), ['Investigating', 'Investigating']);
    const resolve = { type: 'resolve', resolution: null, rootCause: null } as const;
    assert.deepEqual(shown(await incident.apply(resolve)), ['Investigating', 'Closed']);
    assert.deepEqual(shown(await incident.apply({ type: 'reopen' })), ['Closed', 'Triage']);
    const merged = await incident.apply({ ...resolve, mergedInto: uuid() });
    assert.deepEqual(shown(merged), ['Triage', 'Merged']);
  });

  it('tells of a change between two statuses of one category as a change of the status', async () => {
    const incident = await begin();
    await incident.apply({ type: 'trigger' });
    await incident.apply({ type: 'acknowledge' });
    const subscription = uuid();
    await database.sql`
      INSERT INTO subscriptions (id, organisation_id, name, url, dialect, events, secret)
      VALUES (${subscription}, ${organisation.organisationId}, 'R', 'https://example.com', 'incident.io.v2',
        ${['public_incident.incident_status_updated_v2']}, '')`;
    const told = async () =>
      (await database.sql`SELECT FROM deliveries WHERE subscription_id = ${subscription}`).length;
    const change = { type: 'change', changes: {} } as const;
    await incident.apply(change);
    assert.equal(await told(), 0);
    await incident.apply(change, { changes: { statusId: await status('Fixing', 'live') } });
    assert.equal(await told(), 1);
    await incident.apply(change);
    assert.equal(await told(), 1);
  });

  it('leaves the roles that were given by hand, and gives the others to whoever acts', async () => {
    const incident = await begin();
    const [ada, bob] = [await member('Ada'), await member('Bob')];
    const [lead, reporter] = [await idOf('incident_roles', 'Incident Lead'), await idOf('incident_roles', 'Reporter')];
    const agent = (id: string): Agent => ({ type: 'member', id, name: 'x' });
    assert.deepEqual((await incident.apply({ type: 'trigger' }, undefined, agent(ada))).roleAssignments, {
      [reporter]: ada,
    });
    const acknowledged = await incident.apply({ type: 'acknowledge' }, undefined, agent(bob));
    assert.deepEqual(acknowledged.roleAssignments, { [reporter]: ada, [lead]: bob });
    assert.deepEqual(
      acknowledged.snapshot.incident.roleAssignments?.map(({ memberId, roleType }) => [memberId, roleType]).sort(),
      [
        [ada, 'reporter'],
        [bob, 'lead'],
      ].sort(),
    );
    const names = acknowledged.snapshot.people?.map(({ name }) => name);
    assert.deepEqual(names?.sort(), ['Ada', 'Bob']);
    const change = { type: 'change', changes: {} } as const;
    await incident.apply(change, { changes: { roleAssignments: { [lead]: ada, [reporter]: null } } });
    await incident.apply({ type: 'unacknowledge' });
    const again = await incident.apply({ type: 'acknowledge' }, undefined, agent(bob));
    assert.deepEqual(again.roleAssignments, { [lead]: ada });
  });

  it('is forgotten long after', async () => {
    const incident = await begin();
    await incident.apply({ type: 'trigger' });
    const keep = async (id: string) =>
      storeCommandContent(database.sql, organisation.organisationId, incident.incidentId, id, {});
    await keep('old');
    await keep('new');
    await database.sql`UPDATE command_contents SET created_at = now() - interval '31 days' WHERE command_id = 'old'`;
    await forgetOldContents(database.sql);
    const left = await database.sql<{ commandId: string }[]>`
      SELECT command_id FROM command_contents WHERE incident_id = ${incident.incidentId}`;
    assert.deepEqual(
      left.map(({ commandId }) => commandId),
      ['new'],
    );
  });
});
