import assert from 'node:assert/strict';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';

describe('the simulation of an escalation policy over HTTP', () => {
  let api: TestApi;
  let team: string;
  let empty: string;
  let members: Record<'ada' | 'ben' | 'boss', string>;
  let policy: string;

  /** Ada is on call by day and Ben from midnight in Berlin on; the boss is never, and the other team has nobody. */
  before(async () => {
    api = await startTestApi();
    team = (await api.post('/v1/team', { name: 'Night', time_zone: 'Europe/Berlin' })).body.id;
    empty = (await api.post('/v1/team', { name: 'Empty' })).body.id;
    const add = async (name: string) =>
      (await api.post(`/v1/team/${team}/member`, { name, email: `${name}@example.com` })).body.id;
    members = { ada: await add('Ada'), ben: await add('Ben'), boss: await add('Boss') };
    for (const [id, start_time, end_time] of [
      [members.ada, '12:00:00', '23:59:59'],
      [members.ben, '00:00:00', '11:59:59'],
    ]) {
      const entry = { team_member_id: id, week_days: [0, 1, 2, 3, 4, 5, 6], start_time, end_time };
      assert.equal((await api.post(`/v1/team/${team}/schedule`, entry)).status, 201);
    }
    const levels = [
      { delay: 90, targets: [{ type: 'schedule', id: team }] },
      { delay: 600, targets: [{ type: 'schedule', id: empty }] },
      {
        delay: 60,
        targets: [
          { type: 'member', id: members.boss },
          { type: 'schedule', id: team },
        ],
      },
    ];
    policy = (await api.post('/v1/escalation-policy', { name: 'P', levels, repeat: 1 })).body.id;
  });
  after(() => api.close());

  const simulate = (json: object = {}, id = policy) => api.post(`/v1/escalation-policy/${id}/simulate`, json);
  const told = ({ steps }: Json) =>
    steps.map(({ at, level, cycle, reason, members: found }: Json) => {
      const names = found.map(({ name }: Json) => name).join('+') || 'nobody';
      return `${at.slice(11, 19)} ${level}/${cycle} ${names}${reason === 'level' ? '' : ', nobody before'}`;
    });
  /** Two minutes before midnight in Berlin, where it is summer. */
  const at = '2030-07-15T21:58:00Z';

  it('asks whoever is on call at each instant: another one after the hand-off at midnight', async () => {
    const { status, body } = await simulate({ at });
    assert.equal(status, 200);
    assert.deepEqual(told(body), [
      '21:58:00 1/0 Ada',
      '21:59:30 2/0 nobody',
      '21:59:30 3/0 Boss+Ada, nobody before',
      '22:00:30 1/1 Ben',
      '22:02:00 2/1 nobody',
      '22:02:00 3/1 Boss+Ben, nobody before',
    ]);
    assert.deepEqual(
      [body.exhausted_at, body.acknowledged_at, body.truncated],
      ['2030-07-15T22:03:00.000Z', null, false],
    );
    assert.deepEqual(body.steps[0].targets, [{ type: 'schedule', id: team }]);
    assert.deepEqual(body.steps[0].members, [{ id: members.ada, name: 'Ada', team_id: team }]);
  });

  it('ends with the acknowledgement', async () => {
    const { body } = await simulate({ at, acknowledged_after: 95 });
    assert.deepEqual(told(body).length, 3);
    assert.deepEqual([body.exhausted_at, body.acknowledged_at], [null, '2030-07-15T21:59:35.000Z']);
  });

  it('begins now unless told otherwise, and changes nothing', async () => {
    const began = Date.now();
    const { body } = await simulate();
    assert.ok(Math.abs(Date.parse(body.steps[0].at) - began) < 60_000);
    assert.equal((await api.deps.stores.escalationPolicies.get((await organisation()).id, policy))!.turn, 0);
  });

  it('shows notifications by the rules for the urgency, until the next step', async () => {
    const { sql } = api.database;
    const { id: organisationId } = await organisation();
    const addMethod = async (verified: boolean) => {
      const [row] = await sql<{ id: string }[]>`
        INSERT INTO contact_methods (id, organisation_id, member_id, type, name, address, verified_at)
        VALUES (gen_random_uuid(), ${organisationId}, ${members.ada}, 'email', 'Work', 'ada@example.com',
          ${verified ? sql`now()` : null})
        RETURNING id`;
      return row!.id;
    };
    const addRule = (method: string, urgency: string, delay: number) => sql`
      INSERT INTO notification_rules (id, organisation_id, member_id, contact_method_id, urgency, delay)
      VALUES (gen_random_uuid(), ${organisationId}, ${members.ada}, ${method}, ${urgency}, ${delay})`;
    const [verified, unverified] = [await addMethod(true), await addMethod(false)];
    for (const delay of [0, 89, 90]) await addRule(verified, 'high', delay);
    await addRule(verified, 'low', 30);
    await addRule(unverified, 'high', 0);

    const times = async (json: object) => {
      const { body } = await simulate({ at, ...json });
      return body.steps.map(({ notifications }: Json) =>
        notifications.map((one: Json) => {
          assert.deepEqual([one.member_id, one.contact_method_id, one.type], [members.ada, verified, 'email']);
          return one.at.slice(11, 19);
        }),
      );
    };
    // At the second step it is nobody; at the third Ada is asked anew, and Ben and the boss have no rules.
    assert.deepEqual((await times({})).slice(0, 4), [['21:58:00', '21:59:29'], [], ['21:59:30'], []]);
    assert.deepEqual(await times({ urgency: 'low', acknowledged_after: 31 }), [['21:58:30']]);
    assert.deepEqual(await times({ urgency: 'low', acknowledged_after: 30 }), [[]]);
  });

  it('names a team of many as often as it fits', async () => {
    const crowd = (await api.post('/v1/team', { name: 'Crowd' })).body.id;
    await api.database.sql`
      INSERT INTO members (id, organisation_id, team_id, name, email)
      SELECT gen_random_uuid(), organisation_id, id, 'One of many', place || '@example.com'
      FROM teams, generate_series(1, 3000) AS place WHERE id = ${crowd}`;
    const levels = [{ delay: 60, targets: [{ type: 'team', id: crowd }] }];
    const { body: made } = await api.post('/v1/escalation-policy', { name: 'P', levels, repeat: 9 });
    const { body } = await simulate({}, made.id);
    assert.deepEqual([body.steps.length, body.truncated], [3, true]);
    assert.equal(body.steps[0].members.length, 3_000);
    assert.equal(Date.parse(body.exhausted_at) - Date.parse(body.steps[0].at), 600_000, 'that of the whole');
  });

  it('refuses what cannot be played', async () => {
    for (const [json, fields] of [
      [
        { at: '2030-07-15', acknowledged_after: -1, urgency: 'critical', who: 1 },
        ['acknowledged_after', 'at', 'urgency', 'who'],
      ],
      [{ at: '9990-01-01T00:00:00Z' }, ['at']],
      [{ acknowledged_after: 120_960_001 }, ['acknowledged_after']],
    ] as [object, string[]][]) {
      const answer = await simulate(json);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, fields]);
    }
    assert.equal((await simulate({ at: '9989-12-31T23:59:59Z', acknowledged_after: 120_960_000 })).status, 200);
    assert.equal((await simulate({ at: '1970-01-01T00:00:00Z' })).status, 200);
    const other = await api.createOrganisation('Other');
    const foreign = await api.post(`/v1/escalation-policy/${policy}/simulate`, {}, { key: other.key });
    assert.equal(foreign.status, 404);
  });

  async function organisation(): Promise<Json> {
    return (await api.get('/v1/organisation')).body;
  }
});
