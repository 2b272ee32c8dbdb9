import assert from 'node:assert/strict';
import { createCursors } from '../../src/api/cursor.ts';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';

describe('lists', () => {
  let api: TestApi;
  before(async () => void (api = await startTestApi()));
  after(() => api.close());

  async function readAll(path: string, name: string, onPage: () => Promise<unknown> = async () => {}): Promise<Json[]> {
    const rows: Json[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { status, body } = await api.get(`${path}${path.includes('?') ? '&' : '?'}limit=3${query}`);
      assert.equal(status, 200);
      assert.ok(body[name].length <= 3);
      rows.push(...body[name]);
      cursor = body.next_cursor;
      await onPage();
    } while (cursor !== null);
    return rows;
  }

  it('come in pages that neither skip nor repeat, while rows are added', async () => {
    for (let index = 0; index < 9; index++) await api.post('/v1/webhook', { name: `W${index}` });
    let added = 0;
    const rows = await readAll('/v1/webhooks', 'webhooks', async () => {
      if (added < 2) await api.post('/v1/webhook', { name: `Late ${added++}` });
    });
    assert.deepEqual(
      rows.map(({ name }) => name),
      [...Array.from({ length: 9 }, (_, index) => `W${index}`), 'Late 0', 'Late 1'],
    );
  });

  it('page members, subscriptions, rulesets and incidents', async () => {
    const teamId = await api.defaultTeamId();
    for (let index = 0; index < 7; index++) {
      await api.post(`/v1/team/${teamId}/member`, { name: `M${index}`, email: `m${index}@example.com` });
      await api.post(`/v1/subscription`, { name: `S${index}`, url: 'http://127.0.0.1:8080/', dialect: 'standard' });
    }
    const members = await readAll(`/v1/team/${teamId}/members`, 'members');
    assert.deepEqual(
      members.map(({ name }) => name),
      ['M0', 'M1', 'M2', 'M3', 'M4', 'M5', 'M6'],
    );
    const subscriptions = await readAll('/v1/subscriptions', 'subscriptions');
    assert.deepEqual(
      subscriptions.map(({ name }) => name),
      ['S6', 'S5', 'S4', 'S3', 'S2', 'S1', 'S0'],
    );
  });

  it('take limits from 1 to 200', async () => {
    for (const limit of [
      '0',
      '-1',
      '1.5',
      '1e9',
      '201',
      '1000000000',
      'ten',
      '',
      '10;drop',
      '%20',
      '0x10',
      '9'.repeat(400),
    ]) {
      const answer = await api.get(`/v1/teams?limit=${limit}`);
      assert.deepEqual([answer.status, faultyFields(answer)], [422, ['query.limit']], limit);
    }
    assert.equal((await api.get('/v1/teams?limit=1&limit=2')).status, 422);
    assert.equal((await api.get('/v1/teams?limit=200')).status, 200);
    assert.deepEqual(faultyFields(await api.get('/v1/teams?limt=1&constructor=2&__proto__=3')), [
      'query.__proto__',
      'query.constructor',
      'query.limt',
    ]);
  });

  it('refuse cursors that are not their own', async () => {
    const { body } = await api.get('/v1/webhooks?limit=1');
    const cursor: string = body.next_cursor;
    const other = await api.createOrganisation('Other');
    const bytes = Buffer.from(cursor, 'base64url');
    bytes[bytes.length - 2]! ^= 1;
    const forged = [
      'x',
      '1',
      '%00',
      cursor.slice(0, -1),
      cursor.slice(1),
      `${cursor}A`,
      bytes.toString('base64url'),
      Buffer.from('[1]').toString('base64url'),
      'A'.repeat(1_999),
      createCursors('another-secret-key-of-32-characters').encode({ list: 'webhooks', organisationId: other.id }, [1]),
    ];
    for (const value of forged) {
      const answer = await api.get(`/v1/webhooks?cursor=${value}`);
      assert.deepEqual([answer.status, answer.body.code], [400, 'malformed_cursor'], value);
    }
    assert.equal((await api.get(`/v1/teams?cursor=${cursor}`)).status, 400, 'of another list');
    assert.equal((await api.get(`/v1/webhooks?cursor=${cursor}`, { key: other.key })).status, 400, 'of another tenant');
    assert.equal((await api.get(`/v1/webhooks?cursor=${cursor}`)).status, 200);
  });
});
