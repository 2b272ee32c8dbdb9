import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startTestApi, type Answer, type TestApi } from '../support/api.ts';
import { fillIncidents } from '../support/fill-incidents.ts';
import { poll } from '../support/poll.ts';

const organisations = 4;

describe('exports, as streams', function () {
  this.timeout(120_000);
  let api: TestApi;
  let owner: { organisationId: string; teamId: string };

  beforeEach(async () => {
    api = await startTestApi();
    owner = { organisationId: (await api.get('/v1/organisation')).body.id, teamId: await api.defaultTeamId() };
  });
  afterEach(() => api.close());

  /** An answer of which nothing is read yet. */
  async function begin(path: string, key = api.adminKey): Promise<IncomingMessage> {
    const asked = request(api.url + path, { headers: { Authorization: `Bearer ${key}` }, agent: false });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    // Whoever breaks off on purpose need not hear of it.
    asked.on('error', () => {});
    return answer.pause();
  }

  async function textOf(answer: IncomingMessage): Promise<string> {
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  /** The connections of exports: where nobody takes the rows, each stands still between two batches. */
  const running = async () => {
    const rows = await api.database.sql<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND xact_start IS NOT NULL AND query LIKE 'FETCH%'`;
    return rows.map(({ pid }) => pid);
  };
  const isRunning = (count: number) =>
    poll(async () => (await running()).length === count, { what: `${count} exports are under way` });

  /** More than all buffers between Postgres and a client that reads nothing. */
  const fillTooMuch = (to = owner) => fillIncidents(api.database.sql, to, 3_000, 'x'.repeat(15_000));

  it('need no more memory for more rows', async () => {
    const count = 20_000;
    const key = '"reference":';
    await fillIncidents(api.database.sql, owner, count, 'x'.repeat(10_000));
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const held = () => {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return (heapUsed + external) / 1e6;
    };
    const before = held();
    let [most, bytes, rows] = [0, 0, 0];
    let cut = '';
    for await (const piece of await begin('/v1/export/incidents')) {
      const mebibytes = Math.floor(bytes / 2 ** 20);
      bytes += piece.length;
      if (mebibytes % 10 === 9 && Math.floor(bytes / 2 ** 20) > mebibytes) most = Math.max(most, held());
      // What the end of a piece has cut in two is counted with the next one.
      const text: string = cut + piece.toString('latin1');
      rows += text.split(key).length - 1;
      cut = text.slice(-(key.length - 1));
    }
    assert.ok(bytes > 200e6, `${bytes} bytes`);
    assert.equal(rows, count);
    assert.ok(most > 0 && most - before < 30, `${most - before} MB more`);
  });

  it('are read no faster than they are taken, and show one moment', async () => {
    await fillTooMuch();
    const answer = await begin('/v1/export/incidents');
    await isRunning(1);
    await fillIncidents(api.database.sql, owner, 1);
    await api.database.sql`UPDATE incidents SET name = 'Later'`;
    const rows = JSON.parse(await textOf(answer)) as { name: string; number: number }[];
    assert.equal(rows.length, 3_000);
    assert.deepEqual([rows[0]!.number, rows.at(-1)!.number, rows.at(-1)!.name], [1, 3_000, 'Incident 3000']);
    await isRunning(0);
  });

  it('give their connection back when the client hangs up', async () => {
    await fillTooMuch();
    for (let round = 0; round < 4; round += 1) {
      const answer = await begin('/v1/export/incidents?format=csv');
      await isRunning(1);
      answer.destroy();
      await isRunning(0);
    }
    assert.equal((await api.get('/v1/export/incidents?status=resolved')).text, '[]\n');
  });

  it('break off where something fails midway, so that a part is not taken for the whole', async () => {
    await fillTooMuch();
    for (const format of ['json', 'csv']) {
      const answer = await begin(`/v1/export/incidents?format=${format}`);
      await isRunning(1);
      const [pid] = await running();
      await api.database.sql`SELECT pg_terminate_backend(${pid!})`;
      await assert.rejects(textOf(answer), { code: 'ECONNRESET' });
      assert.equal(answer.complete, false);
    }
    assert.equal((await api.get('/v1/export/incidents?status=resolved')).text, '[]\n');
  });

  it('are two at once for an organisation and six in all, and the others are told to wait', async () => {
    await fillTooMuch();
    const begun = [await begin('/v1/export/incidents'), await begin('/v1/export/incidents?format=csv')];
    const isPutOff = ({ status, body, headers }: Answer, code: string) =>
      assert.deepEqual(
        [status, body.code, headers.get('retry-after'), headers.get('content-disposition')],
        [code === 'unavailable' ? 503 : 429, code, '10', null],
      );
    isPutOff(await api.get('/v1/export/actions'), 'rate_limited');
    for (let index = 0; index < organisations; index += 1) {
      const { id: organisationId, key, teamId } = await api.createOrganisation(`Other ${index}`);
      if (index < 2) {
        await fillTooMuch({ organisationId, teamId });
        for (const path of ['/v1/export/incidents', '/v1/export/incidents?format=csv'])
          begun.push(await begin(path, key));
      } else isPutOff(await api.get('/v1/export/actions', { key }), 'unavailable');
    }
    for (const answer of begun) answer.destroy();
    await poll(async () => (await api.get('/v1/export/actions')).status === 200, { what: 'there is room again' });
  });
});
