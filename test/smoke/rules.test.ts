import assert from 'node:assert/strict';
import type { Json } from '../support/api.ts';
import { kill } from '../support/kill.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createStory } from '../support/story.ts';

/** Rulesets and status pages through the whole product, with its worker killed in the middle. */
describe('smoke/rules', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let teamId: string;
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
    teamId = await story.teamId();
    // The one of the first start opens an incident on everything.
    const { team, organisation } = await story.request('GET', '/v1/rulesets');
    for (const { id } of [...team, ...organisation]) await story.request('DELETE', `/v1/ruleset/${id}`);
  });
  after(async () => {
    await product.killAll();
    await removeDataDir(product.dataDir);
  });

  const newWebhook = (name: string, given: object = {}) => story.request('POST', '/v1/webhook', { name, ...given });
  const newRuleset = (given: object) =>
    story.request('POST', '/v1/ruleset', {
      rule_type: 'webhook',
      conditions: [],
      level: 'team',
      team_id: teamId,
      name: 'Disk',
      description: '',
      urgency: 'high',
      ...given,
    });
  const incidentsOf = async (rulesetId: string): Promise<Json[]> =>
    (await story.list('/v1/organisation/incidents', 'incidents')).filter(
      (incident: Json) => incident.ruleset_id === rulesetId,
    );

  it('opens and resolves at the edges of a state, and shows it on a status page meanwhile', async () => {
    const page = await story.request('POST', '/v1/status-page', { name: 'Acme status' });
    const component = await story.request('POST', `/v1/status-page/${page.id}/component`, { name: 'Storage' });
    const webhook = await newWebhook('Probe', { tags: ['env:prod'] });
    const ruleset = await newRuleset({
      rule_type: 'state-change',
      conditions: [
        { type: 'json-check', key: 'disk.used', operator: 'greater-than', values: ['90'] },
        { type: 'tag-check', key: 'env', operator: 'equal', values: ['prod'] },
        { type: 'metadata-check', key: 'webhook_name', operator: 'starts-with', values: ['Pro'] },
      ],
      incident_key: '{{payload.host}}',
      name: 'Disk of {{payload.host}} is full',
      urgency: 'medium',
    });
    const settings = { status_page_id: page.id, component_id: component.id };
    const actions = [{ type: 'trigger-statuspage-update', settings }];
    await story.request('PUT', `/v1/ruleset/${ruleset.id}/actions`, { actions });
    const shown = async () => {
      const response = await fetch(`${product.url}/status/${page.id}.json`);
      assert.equal(response.status, 200);
      return ((await response.json()) as Json).components[0].status;
    };
    assert.equal(await shown(), 'operational');

    await story.event(webhook.id, { host: 'db-1', disk: { used: 97 } });
    await poll(async () => (await shown()) === 'partial_outage', { timeoutMs: 30_000 });
    const [incident] = await incidentsOf(ruleset.id);
    assert.deepEqual([incident?.name, incident?.incident_key], ['Disk of db-1 is full', 'db-1']);
    const action = await poll(async () => {
      const [run] = await story.list(`/v1/incident/${incident!.id}/actions`, 'actions');
      return run?.status !== 'pending' && run;
    });
    assert.deepEqual([action.status, action.target.id, action.parent.id], ['succeeded', component.id, page.id]);

    // Killed at once: the pump that comes next, or housekeeping, finds what was left half said.
    await story.event(webhook.id, { host: 'db-1', disk: { used: 20 } });
    await kill(product, 'worker');
    await poll(async () => (await incidentsOf(ruleset.id))[0]?.status === 'resolved', { timeoutMs: 60_000 });
    await poll(async () => (await shown()) === 'operational');
    const [last] = (await story.list(`/v1/incident/${incident!.id}/log`, 'log_entries')).slice(-1);
    assert.deepEqual([last?.type, last?.agent.type, last?.channel], ['resolved', 'ruleset', 'event']);
  });

  it('evaluates a stored event again once there is a ruleset for it', async () => {
    const webhook = await newWebhook('Late');
    const event = (await story.event(webhook.id, { late: true })).body;
    const path = `/v1/webhook/${webhook.id}/events/${event.id}/replay`;
    const settled = () =>
      poll(async () => {
        const found = await story.request('GET', `/v1/event/${event.id}`);
        return found.status === 'evaluated' && found;
      });
    assert.equal((await settled()).reason, 'No ruleset matched.');
    const conditions = [{ type: 'text-check', key: '', operator: 'contains', values: ['"late":true'] }];
    const ruleset = await newRuleset({ webhook_id: webhook.id, conditions });
    const dryRun = await story.request('POST', '/v1/ruleset/dry-run', { ruleset_id: ruleset.id });
    assert.deepEqual([dryRun.summary.matched, dryRun.summary.opened], [1, 1]);
    for (let times = 0; times < 2; times++) {
      await story.request('POST', path);
      const { matches } = await settled();
      assert.deepEqual(
        matches.map(({ ruleset_id, outcome }: Json) => [ruleset_id, outcome]),
        [[ruleset.id, 'opened']],
      );
    }
    assert.equal((await incidentsOf(ruleset.id)).length, 1);
  });
});
