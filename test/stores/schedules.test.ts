import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { mostEntries, type EntryDraft, type ScheduleEntry } from '../../src/domain/schedule/entry.ts';
import { membersOnCallAt } from '../../src/on-call/resolve.ts';
import { createOverrideStore, type OverrideStore } from '../../src/stores/overrides.ts';
import { createScheduleStore, type ScheduleStore } from '../../src/stores/schedules.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertOrganisation } from '../support/organisation.ts';
import { poll } from '../support/poll.ts';
import { entryDraft, insertMember } from '../support/schedule.ts';

describe('stores/schedules', () => {
  let database: TestDatabase;
  let schedules: ScheduleStore;
  let overrides: OverrideStore;
  let organisationId: string;
  let teamId: string;
  let ada: string;
  let ben: string;

  before(async () => {
    database = await createTestDatabase();
    schedules = createScheduleStore(database.sql);
    overrides = createOverrideStore(database.sql);
  });
  beforeEach(async () => {
    ({ organisationId, teamId } = await insertOrganisation(database.sql));
    ada = await insertMember(database.sql, organisationId, teamId, 'Ada');
    ben = await insertMember(database.sql, organisationId, teamId, 'Ben');
  });
  after(() => database.drop());

  async function create(draft: EntryDraft): Promise<ScheduleEntry> {
    const created = await database.sql.begin((tx) => schedules.create(organisationId, teamId, draft, tx));
    assert.ok(typeof created === 'object', String(created));
    return created;
  }
  const update = (createdAt: string, draft: EntryDraft) =>
    database.sql.begin((tx) => schedules.update(organisationId, teamId, createdAt, draft, tx));
  const remove = (memberId: string, createdAt: string) =>
    database.sql.begin((tx) => schedules.remove(organisationId, teamId, { memberId, createdAt }, tx));
  const versions = () => database.sql`SELECT id FROM schedule_versions WHERE team_id = ${teamId}`.then((r) => r.length);
  /** A moment before any edit that follows: edits are dated to the millisecond. */
  async function moment(): Promise<number> {
    const at = await schedules.now();
    await poll(async () => (await schedules.now()) > at, { everyMs: 1 });
    return at;
  }
  async function onCallAt(at: number): Promise<string[]> {
    const roster = await schedules.roster(organisationId, teamId, { since: at, until: at + 1 });
    assert.ok(roster !== 'too_much');
    return membersOnCallAt(roster, at).map((id) => roster.members.get(id)!.name);
  }

  it('keeps what it is given', async () => {
    const draft: EntryDraft = {
      memberId: ada,
      startDate: '1970-01-01',
      endDate: '9999-12-31',
      monthsOfYear: [1, 12],
      weeksOfMonth: [-5, 5],
      weekDays: [0, 6],
      startTime: '08:00:01',
      endTime: '07:59:59',
    };
    const created = await create(draft);
    assert.match(created.createdAt, /:\d\d\.000Z$/);
    assert.deepEqual(created, { ...draft, teamId, timeZone: 'UTC', createdAt: created.createdAt });
    assert.deepEqual(await schedules.list(organisationId, { limit: 10 }), [created]);
    assert.deepEqual(await schedules.list(uuid(), { limit: 10 }), []);
  });

  it('dates entries of one moment to seconds of their own, also after some were deleted', async () => {
    const created = await Promise.all(Array.from({ length: 8 }, () => create(entryDraft(ada))));
    const seconds = created.map(({ createdAt }) => Date.parse(createdAt) / 1_000).sort();
    assert.equal(new Set(seconds).size, 8);
    assert.ok(seconds.at(-1)! - seconds[0]! <= 9, 'the next free one');
    for (const { createdAt } of created) assert.equal(await remove(ada, createdAt), true);
    const again = await create(entryDraft(ada));
    assert.ok(!created.some(({ createdAt }) => createdAt === again.createdAt));
  });

  it('answers for the past as the entry was then: after a change of member, and after deletion', async () => {
    const { createdAt } = await create(entryDraft(ada));
    const before = await moment();
    assert.deepEqual(await onCallAt(before), ['Ada']);
    const changed = await update(createdAt, entryDraft(ben));
    assert.deepEqual(changed, { ...entryDraft(ben), teamId, timeZone: 'UTC', createdAt });
    const between = await moment();
    assert.deepEqual(await onCallAt(between), ['Ben']);
    assert.deepEqual(await onCallAt(before), ['Ada']);
    assert.equal(await remove(ada, createdAt), false, 'it is no longer hers');
    assert.equal(await remove(ben, createdAt), true);
    assert.equal(await remove(ben, createdAt), false);
    assert.deepEqual(await onCallAt(await schedules.now()), []);
    assert.deepEqual(await onCallAt(between), ['Ben']);
    assert.deepEqual(await onCallAt(before), ['Ada']);
    assert.deepEqual(await schedules.list(organisationId, { limit: 10 }), []);
    assert.equal(await update(createdAt, entryDraft(ada)), 'unknown_entry');
  });

  it('leaves no version behind when a change changes nothing', async () => {
    const { createdAt } = await create(entryDraft(ada));
    await update(createdAt, entryDraft(ada));
    assert.equal(await versions(), 1);
    await update(createdAt, entryDraft(ada, { monthsOfYear: [1] }));
    assert.equal(await versions(), 2);
  });

  it('follows its team into another time zone from then on', async () => {
    await create(entryDraft(ada, { startTime: '00:00:00', endTime: '11:59:59' }));
    const noon = Date.parse('2030-06-01T11:00:00Z');
    assert.deepEqual(await onCallAt(noon), ['Ada']);
    await database.sql`UPDATE teams SET time_zone = 'Asia/Kolkata' WHERE id = ${teamId}`;
    assert.deepEqual(await onCallAt(noon), [], '16:30 there');
    assert.deepEqual(await onCallAt(Date.parse('2020-06-01T11:00:00Z')), ['Ada'], 'the past');
    assert.equal((await schedules.list(organisationId, { limit: 10 }))[0]!.timeZone, 'Asia/Kolkata');
    await database.sql`UPDATE teams SET time_zone = 'Asia/Kolkata' WHERE id = ${teamId}`;
    assert.equal(await versions(), 2);
  });

  it('takes only members and entries of the team', async () => {
    const other = await insertOrganisation(database.sql, 'Other');
    const stranger = await insertMember(database.sql, other.organisationId, other.teamId, 'Stranger');
    const { createdAt } = await create(entryDraft(ada));
    assert.equal(await update(createdAt, entryDraft(stranger)), 'unknown_member');
    const attempt = (organisation: string, team: string, member: string) =>
      database.sql.begin((tx) => schedules.create(organisation, team, entryDraft(member), tx));
    assert.equal(await attempt(organisationId, teamId, stranger), 'unknown_member');
    assert.equal(await attempt(other.organisationId, teamId, ada), 'unknown_team');
    assert.equal(await attempt(organisationId, other.teamId, stranger), 'unknown_team');
    assert.equal(
      await database.sql.begin((tx) =>
        schedules.remove(other.organisationId, teamId, { memberId: ada, createdAt }, tx),
      ),
      false,
    );
    assert.equal(await versions(), 1);
  });

  it('never names a member from its deletion on', async () => {
    await create(entryDraft(ada));
    await create(entryDraft(ben));
    const before = await moment();
    await database.sql`UPDATE members SET deleted_at = clock_timestamp() WHERE id = ${ada}`;
    await moment();
    assert.deepEqual(await onCallAt(await schedules.now()), ['Ben']);
    assert.deepEqual((await onCallAt(before)).sort(), ['Ada', 'Ben'], 'the past');
    const { createdAt } = (await schedules.list(organisationId, { limit: 1 }))[0]!;
    assert.equal(await update(createdAt, entryDraft(ada)), 'unknown_member');
  });

  it('holds so many entries and no more', async () => {
    const { createdAt } = await create(entryDraft(ada));
    await database.sql`
      INSERT INTO schedule_versions (id, organisation_id, team_id, created_at, member_id, time_zone, months_of_year,
        weeks_of_month, week_days, start_time, end_time)
      SELECT gen_random_uuid(), organisation_id, team_id, '2020-01-01Z'::timestamptz + number * interval '1 second',
        member_id, time_zone, months_of_year, weeks_of_month, week_days, start_time, end_time
      FROM schedule_versions, generate_series(1, ${mostEntries - 1}) AS number WHERE team_id = ${teamId}`;
    const oneMore = () => database.sql.begin((tx) => schedules.create(organisationId, teamId, entryDraft(ada), tx));
    assert.equal(await oneMore(), 'full');
    await remove(ada, createdAt);
    assert.equal(typeof (await oneMore()), 'object');
  });

  it('keeps who stood in when an override is withdrawn, and lets the last created win', async () => {
    await create(entryDraft(ada));
    const span = { since: '2020-01-01T00:00:00Z', until: '2040-01-01T00:00:00Z' };
    const stand = (memberId: string, replacesMemberId: string | null) =>
      database.sql.begin((tx) => overrides.create(organisationId, teamId, { memberId, replacesMemberId, ...span }, tx));
    const first = await stand(ben, ada);
    const second = await stand(ada, null);
    assert.ok(!Array.isArray(first) && !Array.isArray(second));
    assert.deepEqual(await overrides.list(organisationId, teamId, { limit: 9 }), [second, first]);
    const now = await moment();
    assert.deepEqual(await onCallAt(now), ['Ada']);
    const withdraw = (id: string, from = organisationId) =>
      database.sql.begin((tx) => overrides.remove(from, teamId, id, tx));
    assert.equal(await withdraw(second.id, uuid()), false);
    assert.equal(await withdraw(second.id), true);
    assert.equal(await withdraw(second.id), false);
    assert.deepEqual(await onCallAt(await schedules.now()), ['Ben']);
    assert.deepEqual(await onCallAt(now), ['Ada'], 'the past');
    assert.deepEqual(await stand(uuid(), uuid()), ['unknown_member', 'unknown_replaced_member']);
  });
});
