import assert from 'node:assert/strict';
import { createMemberStore } from '../../src/stores/members.ts';
import { createTeamStore } from '../../src/stores/teams.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

describe('team and member stores', () => {
  let database: TestDatabase;
  let own: TestOrganisation;
  let other: TestOrganisation;
  before(async () => {
    database = await createTestDatabase();
    own = await insertOrganisation(database.sql, 'Own');
    other = await insertOrganisation(database.sql, 'Other');
  });
  after(() => database.drop());

  it('number teams without gaps or repeats, many at a time', async () => {
    const { sql } = database;
    const teams = createTeamStore(sql);
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        sql.begin((tx) => teams.create(own.organisationId, { name: `T${index}`, timeZone: 'UTC' }, tx)),
      ),
    );
    assert.deepEqual(
      made.map(({ number }) => number).sort((a, b) => a - b),
      [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );
    const list = await teams.list(own.organisationId, { limit: 3, after: 4 });
    assert.deepEqual(
      list.map(({ number }) => number),
      [5, 6, 7],
    );
  });

  it('keep organisations apart', async () => {
    const { sql } = database;
    const teams = createTeamStore(sql);
    const members = createMemberStore(sql);
    const draft = { teamId: other.teamId, name: 'Bo', email: 'bo@example.com', timeZone: null };
    const theirs = await members.create(other.organisationId, draft, sql);
    assert.ok(typeof theirs === 'object');
    assert.equal(await teams.get(own.organisationId, other.teamId), undefined);
    assert.equal(await members.get(own.organisationId, theirs.id), undefined);
    assert.deepEqual([...(await members.list(own.organisationId, other.teamId, { limit: 9 }))], []);
    assert.deepEqual(
      await members.unknownAssignees(own.organisationId, [
        { type: 'team', id: own.teamId.toUpperCase() },
        { type: 'team', id: other.teamId },
        { type: 'member', id: theirs.id },
        { type: 'member', id: own.teamId },
        { type: 'schedule', id: own.teamId.toUpperCase() },
        { type: 'schedule', id: other.teamId },
        { type: 'schedule', id: theirs.id },
      ]),
      [1, 2, 3, 5, 6],
    );
  });

  it('take an address once for a team, in whatever case', async () => {
    const members = createMemberStore(database.sql);
    const draft = { teamId: own.teamId, name: 'Ada', email: 'ada@example.com', timeZone: 'Europe/Berlin' };
    const answers = await Promise.all(
      ['ada@example.com', 'Ada@Example.com', 'ADA@EXAMPLE.COM'].map((email) =>
        members.create(own.organisationId, { ...draft, email }, database.sql),
      ),
    );
    assert.equal(answers.filter((member) => typeof member === 'object').length, 1);
    assert.equal(answers.filter((member) => member === 'address_taken').length, 2);
    const elsewhere = await members.create(other.organisationId, { ...draft, teamId: other.teamId }, database.sql);
    assert.ok(typeof elsewhere === 'object');
    assert.equal(elsewhere.timeZone, 'Europe/Berlin');
  });
});
