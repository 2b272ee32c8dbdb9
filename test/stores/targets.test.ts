import assert from 'node:assert/strict';
import { createOverrideStore } from '../../src/stores/overrides.ts';
import { createScheduleStore } from '../../src/stores/schedules.ts';
import { createTargetStore, ScheduleTooLong, type TargetStore } from '../../src/stores/targets.ts';
import { createTeamStore } from '../../src/stores/teams.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';
import { entryDraft, insertMember } from '../support/schedule.ts';

const noon = '2030-03-15T12:00:00.000Z';
const evening = '2030-03-15T21:00:00.000Z';

describe('targets', () => {
  let database: TestDatabase;
  let acme: TestOrganisation;
  let targets: TargetStore;
  let ada: string;
  let ben: string;

  const named = async (asked: Parameters<TargetStore['membersOf']>[1], at = noon, of = acme.organisationId) =>
    (await targets.membersOf(of, asked, at)).map(({ name }) => name);
  const member = (id: string) => ({ type: 'member' as const, id });
  const team = () => ({ type: 'team' as const, id: acme.teamId });
  const schedule = () => ({ type: 'schedule' as const, id: acme.teamId });
  const addEntry = (memberId: string, startTime: string, endTime: string) =>
    database.sql.begin((tx) =>
      createScheduleStore(database.sql).create(
        acme.organisationId,
        acme.teamId,
        entryDraft(memberId, { startTime, endTime }),
        tx,
      ),
    );

  before(async () => {
    database = await createTestDatabase();
    targets = createTargetStore(database.sql);
  });
  after(() => database.drop());
  beforeEach(async () => {
    acme = await insertOrganisation(database.sql);
    ada = await insertMember(database.sql, acme.organisationId, acme.teamId, 'Ada');
    ben = await insertMember(database.sql, acme.organisationId, acme.teamId, 'Ben');
  });

  it('stand for members: each once, in the order of the targets', async () => {
    await addEntry(ada, '08:00:00', '17:59:59');
    await addEntry(ben, '18:00:00', '07:59:59');
    assert.deepEqual(await targets.membersOf(acme.organisationId, [member(ben)], noon), [
      { memberId: ben, name: 'Ben', teamId: acme.teamId },
    ]);
    assert.deepEqual(await named([team()]), ['Ada', 'Ben']);
    assert.deepEqual(await named([member(ben), team(), member(ben.toUpperCase())]), ['Ben', 'Ada']);
    assert.deepEqual(await named([schedule()]), ['Ada']);
    assert.deepEqual(await named([schedule()], evening), ['Ben']);
    assert.deepEqual(await named([schedule(), member(ben), team()], evening), ['Ben', 'Ada']);
    assert.deepEqual(await named([]), []);
  });

  it('follow overrides, and stand for nobody in a gap', async () => {
    await addEntry(ada, '08:00:00', '17:59:59');
    assert.deepEqual(await named([schedule()], evening), []);
    const span = { since: '2030-03-15T20:00:00.000Z', until: '2030-03-15T22:00:00.000Z' };
    await database.sql.begin((tx) =>
      createOverrideStore(database.sql).create(
        acme.organisationId,
        acme.teamId,
        { memberId: ben, replacesMemberId: null, ...span },
        tx,
      ),
    );
    assert.deepEqual(await named([schedule()], evening), ['Ben']);
  });

  it('leave out who was deleted, whatever a schedule says of that time', async () => {
    await addEntry(ada, '00:00:00', '23:59:59');
    const past = '2025-01-01T00:00:00.000Z';
    assert.deepEqual(await named([schedule(), member(ada)], past), ['Ada']);
    await database.sql`UPDATE members SET deleted_at = now() WHERE id = ${ada}`;
    assert.deepEqual(await named([schedule(), member(ada)], past), []);
    assert.deepEqual(await named([team(), member(ada)]), ['Ben']);
    await database.sql`UPDATE teams SET deleted_at = now() WHERE id = ${acme.teamId}`;
    assert.deepEqual(await named([team(), schedule(), member(ben)]), []);
  });

  it('of another organisation stand for nobody', async () => {
    await addEntry(ada, '00:00:00', '23:59:59');
    const other = await insertOrganisation(database.sql, 'Other');
    assert.deepEqual(await named([team(), schedule(), member(ada)], noon, other.organisationId), []);
  });

  it('are the same over a span as at each of its moments', async () => {
    const second = await database.sql.begin((tx) =>
      createTeamStore(database.sql).create(acme.organisationId, { name: 'Second', timeZone: 'Europe/Berlin' }, tx),
    );
    await insertMember(database.sql, acme.organisationId, second.id, 'Cyd');
    await addEntry(ada, '08:00:00', '17:59:59');
    await addEntry(ben, '17:00:00', '19:59:59');
    const asked = [schedule(), { type: 'team' as const, id: second.id }, { type: 'schedule' as const, id: second.id }];
    const since = Date.parse('2030-03-15T00:00:00.000Z');
    const resolve = await targets.resolver(acme.organisationId, asked, { since, until: since + 86_400_000 });
    for (let hour = 0; hour < 24; hour++) {
      const at = new Date(since + hour * 3_600_000).toISOString();
      assert.deepEqual(resolve(asked, at), await targets.membersOf(acme.organisationId, asked, at), at);
    }
  });

  it('cannot be found out over a span with too many edits', async () => {
    await addEntry(ada, '08:00:00', '17:59:59');
    await database.sql`
      INSERT INTO schedule_versions (id, organisation_id, team_id, created_at, member_id, time_zone, months_of_year,
        weeks_of_month, week_days, start_time, end_time, valid_from, valid_to)
      SELECT gen_random_uuid(), organisation_id, team_id, created_at, member_id, time_zone, months_of_year,
        weeks_of_month, week_days, start_time, end_time, moment, moment + interval '1 minute'
      FROM schedule_versions, generate_series('2020-01-01Z'::timestamptz, '2020-01-04Z', '50 seconds') AS moment
      WHERE team_id = ${acme.teamId} AND valid_to = 'infinity'`;
    const span = { since: Date.parse('2019-01-01'), until: Date.parse('2021-01-01') };
    await assert.rejects(targets.resolver(acme.organisationId, [schedule()], span), ScheduleTooLong);
    assert.deepEqual(await named([schedule()]), ['Ada']);
  });
});
