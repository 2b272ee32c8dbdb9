import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { faultyFields, type Answer, type Json, type TestApi } from '../support/api.ts';
import { documentedAnswer } from '../support/documented-answer.ts';
import { poll } from '../support/poll.ts';
import { startWorkingApi } from '../support/working-api.ts';

/** A request of the documentation that the product follows, word for word. */
interface Example {
  name: string;
  method: string;
  path: string;
  query?: Record<string, string>;
  body?: Record<string, Json>;
}

/** What the documentation says of each endpoint beside its example. */
interface Promised {
  status: number;
  /** Paths into the answer; `[]` is the first of a list. */
  carries: string[];
  /** Other than 401 without a key. */
  isOpen?: true;
}

const entry = 'start_date end_date months_of_year weeks_of_month week_days start_time end_time team_member_id'.split(
  ' ',
);
const ruleset = 'id rule_type name description urgency assignees'.split(' ');
const action = 'type trigger source target.id parent.id status error created_at finished_at'.split(' ');
const settings = 'type settings[].component_id settings[].status_page_id'.split(' ');

const promises: Record<string, Promised> = {
  'Get Rulesets': { status: 200, carries: [...below('team[]', ruleset), ...below('organisation[]', ruleset)] },
  'Create Ruleset': { status: 201, carries: ['id'] },
  'Update Ruleset': { status: 200, carries: ['message'] },
  'Delete Ruleset': { status: 200, carries: ['message'] },
  'Get Ruleset Actions': { status: 200, carries: below('actions[]', ['id', ...settings]) },
  'Update Ruleset Actions': { status: 200, carries: ['message'] },
  'Get Webhooks': {
    status: 200,
    carries: below('webhooks[]', ['name', 'description', 'enabled', 'url', 'created_at']),
  },
  'Get Webhook Events': { status: 200, carries: below('events[]', ['content_type', 'body', 'ip', 'received_at']) },
  'Create Webhook': { status: 201, carries: ['id'] },
  'Submit Webhook Event Data': { status: 201, carries: ['message', 'ip', 'content_type'], isOpen: true },
  'Check Service Health Status': { status: 200, carries: ['status'], isOpen: true },
  'Retrieve Incident Data': {
    status: 200,
    carries: below('incidents[]', ['id', 'status', 'urgency', 'created_at', 'description']),
  },
  'Retrieve Incident Actions': {
    status: 200,
    carries: below('actions[]', action),
  },
  'Create New Incident': { status: 201, carries: ['id'] },
  'Update Incident': { status: 200, carries: ['message'] },
  'Get Customer Schedules': { status: 200, carries: below('schedule[]', entry) },
  'Create On-Call Schedule': { status: 201, carries: ['message', 'created_at'] },
  'Update On-Call Schedule': { status: 200, carries: ['message'] },
  'Delete On-Call Schedule': { status: 200, carries: ['message'] },
};

const examples = JSON.parse(await readFile(new URL('seed-examples.json', import.meta.url), 'utf8')) as Example[];

/** The two ids that stand for everything in the examples, and the one they leave open. */
const madeUp = /c03b02ec-244f-4d2c-8f68-3910071ed5c8|445a5c1f-c0eb-403a-96d7-3976e5dc74ed|\{id\}/;
const unknown = '01999999-0000-7000-8000-000000000000';

describe("the seed's examples", function () {
  this.timeout(120_000);
  let api: TestApi;
  let document: Json;
  /** Of what exists, by the word that stands before the id in a path or in the name of a field. */
  let ids: Record<string, string>;

  before(async () => {
    api = await startWorkingApi();
    document = (await api.get('/openapi.json')).body;
  });
  after(() => api.close());
  beforeEach(async () => {
    ids = await createOneOfEach();
  });

  it('are all here, each with what it promises', () => {
    assert.deepEqual(
      examples.map(({ name }) => name),
      Object.keys(promises),
    );
  });

  for (const example of examples) {
    const { name, method, body } = example;
    const { status, carries, isOpen } = promises[name]!;

    describe(name, () => {
      it(`answers ${status} as documented`, async () => {
        const answer = await send(example);
        assert.equal(answer.status, status, answer.text);
        documentedAnswer(document, method, templateOf(example), status).parse(answer.body);
        for (const path of carries) assert.notEqual(at(answer.body, path), undefined, `${path} of ${answer.text}`);
      });

      if (!isOpen)
        it('answers 401 without a key, and with a wrong one', async () => {
          for (const key of [null, 'tocsin_unknown'])
            assert.deepEqual(refusalOf(await send(example, { key })), [401, 'unauthenticated', []]);
        });

      if (madeUp.test(example.path))
        it('answers 404 to an unknown id', async () => {
          const path = example.path.replace(madeUp, unknown);
          assert.deepEqual(refusalOf(await send({ ...example, path })), [404, 'not_found', []]);
        });

      if (body && !isOpen)
        it('answers 422 naming every invalid field', async () => {
          const wrong = Object.entries(body).map(([field, value]) => [field, typeof value === 'string' ? 7 : 'x']);
          const answer = await send({ ...example, body: Object.fromEntries(wrong) });
          assert.deepEqual(refusalOf(answer), [422, 'invalid_fields', Object.keys(body).sort()]);
        });

      if (example.query)
        it('answers 422 naming every invalid parameter', async () => {
          const query = Object.fromEntries(Object.keys(example.query!).map((parameter) => [parameter, 'x']));
          const faulty = Object.keys(query).map((parameter) => `query.${parameter}`);
          assert.deepEqual(refusalOf(await send({ ...example, query })), [422, 'invalid_fields', faulty.sort()]);
        });
    });
  }

  /** Sends an example with ids that exist in place of the made-up ones, all else as it stands. */
  function send({ method, path, query, body }: Example, { key }: { key?: string | null } = {}): Promise<Answer> {
    const search = query ? `?${new URLSearchParams(existing(query))}` : '';
    const kind = /\/(\w+)\/[^/]+(\/\w+)?(\?|$)/.exec(path)?.[1] ?? '';
    const target = path.replace(madeUp, () => ids[kind] ?? assert.fail(`no ${kind}`));
    return api.send(method, target + search, { key, json: existing(body) });
  }

  function existing<T>(value: T, name = ''): T {
    if (typeof value === 'string') return (madeUp.test(value) ? (ids[name] ?? assert.fail(`no ${name}`)) : value) as T;
    if (Array.isArray(value)) return value.map((item) => existing(item as unknown, name)) as T;
    if (typeof value !== 'object' || value === null) return value;
    const nameOf = (field: string) => (field === 'id' ? String((value as Json).type) : field.replace(/_id$/, ''));
    return Object.fromEntries(
      Object.entries(value).map(([field, item]) => [field, existing(item, nameOf(field))]),
    ) as T;
  }

  async function createOneOfEach(): Promise<Record<string, string>> {
    const team = (await create('/v1/team', { name: 'Team' })).id;
    const webhook = (await create('/v1/webhook', {})).id;
    await create(`/v1/incident/webhook/${webhook}`, { example_key: 'example_value' });
    // The example asks for what was received before a day in 2024.
    await api.database.sql`
      UPDATE events SET received_at = '2024-03-01T00:00:00Z', status = 'evaluated' WHERE webhook_id = ${webhook}`;
    const member = await create(`/v1/team/${team}/member`, { name: 'Ada', email: 'ada@example.com' });
    await create(`/v1/team/${team}/schedule`, {
      ...{ team_member_id: member.id, week_days: [1], start_time: '08:00:00', end_time: '17:59:59' },
      ...{ start_date: '2024-01-01', end_date: '2024-12-31', months_of_year: [1], weeks_of_month: [1] },
    });
    // Its moment of creation is the key of an entry, and the examples name one in 2024.
    await api.database.sql`UPDATE schedule_versions SET created_at = '2024-01-01T00:00:00Z' WHERE team_id = ${team}`;
    const page = (await create('/v1/status-page', { name: 'Status' })).id;
    const component = (await create(`/v1/status-page/${page}/component`, { name: 'API' })).id;
    const actions = [
      { type: 'trigger-statuspage-update', settings: [{ status_page_id: page, component_id: component }] },
    ];
    const rule = { rule_type: 'webhook', level: 'team', conditions: [], name: 'R', description: '', urgency: 'low' };
    const rulesetId = (await create('/v1/ruleset', { ...rule, team_id: team })).id;
    await create('/v1/ruleset', { ...rule, team_id: team, level: 'organisation' });
    assert.equal((await api.send('PUT', `/v1/ruleset/${rulesetId}/actions`, { json: { actions } })).status, 200);
    const incidentBody = { name: 'I', description: '', urgency: 'low', actions };
    const incident = (await create(`/v1/team/${team}/incident`, incidentBody)).id;
    await poll(async () => (await api.get(`/v1/incident/${incident}/actions`)).body.actions.length > 0);
    const customer = (await api.get('/v1/organisation')).body.id;
    return {
      ...{ team, webhook, incident, customer, component, ruleset: rulesetId },
      ...{ team_member: member.id, status_page: page },
    };
  }

  async function create(path: string, body: Json): Promise<Json> {
    const answer = await api.post(path, body);
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  }
});

function below(path: string, fields: string[]): string[] {
  return fields.map((field) => `${path}.${field}`);
}

/** The value at a path such as `team[].name`, of the first of each list. */
function at(value: Json, path: string): Json {
  const steps = path.replaceAll('[]', '.0').split('.');
  return steps.reduce((inner: Json, step) => inner?.[step], value);
}

/** `/v1/team/445a…/incident?limit=10` → `/v1/team/{id}/incident`. */
function templateOf({ path }: Example): string {
  return path.replace(/\?.*/, '').replace(madeUp, '{id}');
}

function refusalOf(answer: Answer): [number, string, string[]] {
  return [answer.status, answer.body?.code, faultyFields(answer)];
}
