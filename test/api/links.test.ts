import assert from 'node:assert/strict';
import { createLinkTokens, type LinkPurpose } from '../../src/stores/link-tokens.ts';
import { startTestApi, type Answer, type Json, type TestApi } from '../support/api.ts';
import { storeOpenIncident } from '../support/open-incident.ts';
import { startWorkingApi } from '../support/working-api.ts';

describe('links in notifications', function () {
  this.timeout(90_000);
  let api: TestApi;
  let teamId: string;
  let organisationId: string;
  let member: Json;

  before(async () => {
    api = await startWorkingApi();
    teamId = await api.defaultTeamId();
    organisationId = (await api.get('/v1/organisation')).body.id;
    member = (await api.post(`/v1/team/${teamId}/member`, { name: 'Ada <3', email: 'ada@example.com' })).body;
  });
  after(() => api.close());

  const tokenFor = (incidentId: string, purpose: LinkPurpose, given: { memberId?: string; expiresAt?: Date } = {}) => {
    const expiresAt = new Date(Date.now() + 60_000);
    const grant = { organisationId, incidentId, memberId: member.id, purpose, expiresAt, ...given };
    return createLinkTokens(api.deps.sealer).make(grant);
  };
  const open = async (name = 'Down') => {
    const made = await api.post(`/v1/team/${teamId}/incident`, { name, description: '', urgency: 'high' });
    assert.equal(made.status, 201, made.text);
    await api.begun(made.body.id);
    return made.body.id as string;
  };
  const statusOf = async (id: string) => (await api.get(`/v1/incident/${id}`)).body.status;
  /** As a browser does: no key, and a form without fields. */
  const press = (token: string) =>
    api.send('POST', `/link/${token}`, {
      key: null,
      body: '',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
  const look = (token: string, method = 'GET') => api.send(method, `/link/${token}`, { key: null });
  const headingOf = ({ text }: Answer) => /<h1>(.*)<\/h1>/.exec(text)?.[1];

  it('show a page with a button, and change nothing, however often they are opened', async () => {
    const id = await open('<script>alert("1")</script> & co');
    const token = tokenFor(id, 'acknowledge');
    for (const method of ['GET', 'HEAD', 'GET']) assert.equal((await look(token, method)).status, 200);
    const page = await look(token);
    assert.match(headingOf(page)!, /^Acknowledge INC-\d+\?$/);
    assert.match(page.text, /<form method="post"><button>Acknowledge INC-\d+<\/button><\/form>/);
    assert.ok(page.text.includes('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; co'));
    assert.ok(page.text.includes('Ada &lt;3'));
    assert.doesNotMatch(page.text, /<script|https?:\/\//);
    assert.equal(await statusOf(id), 'triggered');
  });

  it('are pages that run nothing, load nothing, and are kept nowhere', async () => {
    const { headers } = await look(tokenFor(await open(), 'acknowledge'));
    assert.equal(headers.get('Content-Type'), 'text/html; charset=utf-8');
    assert.match(
      headers.get('Content-Security-Policy')!,
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    );
    assert.equal(headers.get('Cache-Control'), 'no-store');
    assert.equal(headers.get('Referrer-Policy'), 'no-referrer');
    assert.match(headers.get('X-Robots-Tag')!, /noindex/);
  });

  it('do what they say at the press of the button, as their member, once', async () => {
    const id = await open();
    const acknowledge = tokenFor(id, 'acknowledge');
    const [done, again] = [await press(acknowledge), await press(acknowledge)];
    assert.deepEqual([done.status, again.status], [200, 200]);
    assert.match(headingOf(done)!, /^You acknowledged INC-\d+ Down$/);
    assert.match(headingOf(again)!, /^INC-\d+ Down is acknowledged already$/);
    assert.equal(await statusOf(id), 'acknowledged');
    assert.doesNotMatch((await look(acknowledge)).text, /<form/, 'nothing is left to do');
    const resolve = tokenFor(id, 'resolve');
    assert.match((await look(resolve)).text, /<form/);
    assert.match(headingOf(await press(resolve))!, /^You resolved /);
    assert.equal(await statusOf(id), 'resolved');
    for (const token of [resolve, acknowledge]) assert.match(headingOf(await look(token))!, /is resolved already$/);
    assert.equal((await press(resolve)).status, 200);
    const late = await press(acknowledge);
    assert.deepEqual([late.status, await statusOf(id)], [409, 'resolved'], 'a late acknowledge loses to a resolve');
    const entries: Json[] = (await api.get(`/v1/incident/${id}/log`)).body.log_entries;
    const agent = { type: 'member', id: member.id, name: 'Ada <3' };
    assert.deepEqual(
      entries.slice(1).map((entry) => [entry.type, entry.agent, entry.channel]),
      [
        ['acknowledged', agent, 'api'],
        ['resolved', agent, 'api'],
      ],
    );
  });

  it('lead nowhere when made up, cut, altered, or too old', async () => {
    const id = await open();
    const token = tokenFor(id, 'acknowledge');
    const altered = `${token.slice(0, 3)}${token[3] === 'A' ? 'B' : 'A'}${token.slice(4)}`;
    for (const other of ['x', token.slice(1), altered, `${token}A`, id, '%00', encodeURIComponent('<b>')])
      for (const answer of [await look(other), await press(other)]) {
        assert.equal(answer.status, 404, other);
        assert.equal(headingOf(answer), 'This link leads nowhere');
      }
    const old = tokenFor(id, 'acknowledge', { expiresAt: new Date(Date.now() - 1_000) });
    for (const answer of [await look(old), await press(old)]) {
      assert.equal(answer.status, 410);
      assert.equal(headingOf(answer), 'This link is too old');
    }
    assert.equal(await statusOf(id), 'triggered');
  });

  it('are of no use once their member is gone', async () => {
    const id = await open();
    const { body: leaving } = await api.post(`/v1/team/${teamId}/member`, { name: 'Bob', email: 'bob@example.com' });
    const token = tokenFor(id, 'resolve', { memberId: leaving.id });
    assert.equal((await look(token)).status, 200);
    assert.equal((await api.send('DELETE', `/v1/team/${teamId}/member/${leaving.id}`)).status, 200);
    assert.equal((await press(token)).status, 410);
    assert.equal(await statusOf(id), 'triggered');
  });

  it('say that nothing could be confirmed while Temporal is down, with the button to try again', async () => {
    const alone = await startTestApi();
    const team = await alone.defaultTeamId();
    const incidentId = await storeOpenIncident(alone, team);
    const { body } = await alone.post(`/v1/team/${team}/member`, { name: 'Ada', email: 'ada@example.com' });
    const token = createLinkTokens(alone.deps.sealer).make({
      organisationId: (await alone.get('/v1/organisation')).body.id,
      incidentId,
      memberId: body.id,
      purpose: 'resolve',
      expiresAt: new Date(Date.now() + 60_000),
    });
    const answer = await alone.send('POST', `/link/${token}`, { key: null, body: '' });
    assert.equal(answer.status, 503);
    assert.match(answer.text, /<button>Try again<\/button>/);
    assert.equal(answer.headers.get('Retry-After'), '2');
    await alone.close();
  });
});
