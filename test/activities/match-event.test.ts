import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { matchEvent } from '../../src/activities/match-event.ts';
import { compileRuleset } from '../../src/domain/ruleset/compile-ruleset.ts';
import type { Condition, RulesetDraft } from '../../src/domain/ruleset/ruleset.ts';
import { genericJson } from '../../src/inbound/generic-json.ts';
import type { Source } from '../../src/inbound/source.ts';
import { type Decision, isAction, type Match } from '../../src/stores/decisions.ts';
import type { PendingEvent } from '../../src/stores/inbox.ts';
import { rulesetDraft } from '../support/ruleset-draft.ts';

const organisationId = uuid();
const webhookId = uuid();

function compiled(given: Partial<RulesetDraft>) {
  const draft = rulesetDraft({ teamId: uuid(), ...given });
  const createdAt = '2026-11-21T05:09:43.120Z';
  return compileRuleset({ ...draft, id: uuid(), organisationId, number: 1, version: 1, createdAt, actions: [] });
}

function eventOf(body: string, given: Partial<PendingEvent> = {}): PendingEvent {
  return {
    id: uuid(),
    organisationId,
    webhookId,
    webhookName: 'Probe',
    receivedAt: '2026-11-21T05:09:43.120000Z',
    body: Buffer.from(body),
    contentType: 'application/json',
    ip: '192.0.2.7',
    headers: {},
    tags: [],
    source: 'generic-json',
    opensIncidents: true,
    teamId: uuid(),
    failures: 0,
    checkPaths: {},
    rulesetsVersion: 1,
    recorded: [],
    ...given,
  };
}

const down: Condition = { type: 'json-check', key: 'status', operator: 'equal', values: ['down'] };
/** Each element of the payload is an occurrence. */
const batches: Source = {
  name: 'batches',
  read: (payload) =>
    (payload as { id: string; env: string }[]).map((alert) => ({
      action: 'trigger',
      alert,
      dedupKey: alert.id,
      labels: { env: alert.env },
      opening: null,
    })),
};

function matchesOf(decisions: Decision[]): Match[] {
  return decisions.filter((decision): decision is Match => !isAction(decision));
}

describe('matchEvent', () => {
  it('answers what each ruleset decided, with what the incident would be called', async () => {
    const holding = compiled({
      conditions: [down],
      name: '{{payload.service}} is down',
      description: 'Seen by {{webhook.name}}',
      incidentKey: '{{payload.service}}',
    });
    const rulesets = [holding, compiled({ conditions: [{ ...down, operator: 'not-equal' }] })];
    const event = eventOf('{"status":"down","service":"shop","code":503}', { checkPaths: { httpStatusCode: 'code' } });
    const { decisions, reason } = await matchEvent(event, rulesets, genericJson);
    assert.equal(reason, null);
    assert.equal(decisions.length, 1);
    const [{ readOpening, ...match } = assert.fail()] = matchesOf(decisions);
    assert.deepEqual(match, {
      eventId: event.id,
      occurrence: 0,
      organisationId,
      webhook: { id: webhookId, name: 'Probe' },
      receivedAt: event.receivedAt,
      dedupKey: null,
      opener: { type: 'ruleset', ...holding.ruleset },
      incidentKey: 'shop',
      holds: true,
    });
    const check = { httpStatusCode: 503, responseTimeMs: null, error: null, checkedAt: event.receivedAt };
    assert.deepEqual(readOpening(), { name: 'shop is down', description: 'Seen by Probe', check });
  });

  it('tells of conditions that do not hold for a state-change alone, and of no evidence for nobody', async () => {
    const change = compiled({ ruleType: 'state-change', conditions: [down] });
    const rulesets = [change, compiled({ ruleType: 'webhook', conditions: [down] })];
    const decided = async (body: string) =>
      matchesOf((await matchEvent(eventOf(body), rulesets, genericJson)).decisions).map(({ opener, holds }) => [
        opener.id,
        holds,
      ]);
    const [changing, plain] = rulesets.map(({ ruleset }) => ruleset.id);
    assert.deepEqual(await decided('{"status":"up"}'), [[changing, false]]);
    assert.deepEqual(await decided('{"state":"up"}'), []);
    assert.deepEqual(await decided('{"status":"down"}'), [
      [changing, true],
      [plain, true],
    ]);
  });

  it('looks only at rulesets that listen to the webhook', async () => {
    const rulesets = [compiled({ webhookId }), compiled({ webhookId: uuid() }), compiled({})];
    const { decisions } = await matchEvent(eventOf('{}'), rulesets, genericJson);
    assert.deepEqual(
      matchesOf(decisions).map(({ opener }) => opener.id),
      [rulesets[0]!.ruleset.id, rulesets[2]!.ruleset.id],
    );
  });

  it('decides on each occurrence, by its own key and labels, and not again on what is recorded', async () => {
    const prod = compiled({ conditions: [{ type: 'tag-check', key: 'env', operator: 'equal', values: ['prod'] }] });
    const body = JSON.stringify([
      { id: 'a', env: 'prod' },
      { id: 'b', env: 'dev' },
      { id: 'c', env: 'prod' },
    ]);
    const decided = async (recorded: string[]) =>
      matchesOf((await matchEvent(eventOf(body, { recorded }), [prod], batches)).decisions).map(
        ({ occurrence, incidentKey }) => [occurrence, incidentKey],
      );
    assert.deepEqual(await decided([]), [
      [0, 'a'],
      [2, 'c'],
    ]);
    assert.deepEqual(await decided([`${prod.ruleset.id}:0:opened`]), [[2, 'c']]);
    assert.deepEqual(await decided([`${uuid()}:0:joined`, `${prod.ruleset.id}:2:joined`]), [[0, 'a']]);
  });

  it('says why a body cannot be read only when nothing matched', async () => {
    const text = compiled({ conditions: [{ type: 'text-check', key: '', operator: 'contains', values: ['full'] }] });
    const json = compiled({ conditions: [down] });
    const found = await matchEvent(eventOf('disk full'), [text, json, compiled({})], genericJson);
    assert.deepEqual([found.decisions.length, found.reason], [2, null]);
    for (const [body, reason] of [
      ['disk', 'not_json'],
      ['', 'empty'],
      ['{}', null],
    ])
      assert.deepEqual(await matchEvent(eventOf(body!), [text, json], genericJson), { decisions: [], reason });
    // Its match was recorded before a crash.
    const again = await matchEvent(
      eventOf('disk full', { recorded: [`${text.ruleset.id}:0:opened`] }),
      [text],
      genericJson,
    );
    assert.deepEqual(again, { decisions: [], reason: null });
  });

  describe('of sources that say what they open', () => {
    /** Each element of the payload is an occurrence. */
    const source: Source = {
      name: 'pagerduty',
      read: (payload) =>
        (payload as { action?: 'resolve'; key?: string; env?: string; mute?: true }[]).map((alert) => ({
          action: alert.action ?? 'trigger',
          alert,
          dedupKey: alert.key ?? null,
          labels: { env: alert.env ?? 'dev' },
          opening: alert.mute
            ? null
            : { name: 'Disk full', description: 'As told', urgency: 'low', severity: 'warning' },
        })),
    };
    const teamId = uuid();
    const decided = async (body: object, rulesets = [] as ReturnType<typeof compiled>[], given = {}) => {
      const event = eventOf(JSON.stringify(body), { source: 'pagerduty', teamId, ...given });
      const { decisions, reason } = await matchEvent(event, rulesets, source);
      const lines = decisions.map((decision) =>
        isAction(decision)
          ? [decision.occurrence, decision.action, decision.dedupKey]
          : [decision.occurrence, decision.opener.type, decision.incidentKey],
      );
      return { event, lines, reason, decisions };
    };
    const prod = () =>
      compiled({ conditions: [{ type: 'tag-check', key: 'env', operator: 'equal', values: ['prod'] }] });

    it('opens an incident as its sender says of each trigger that no ruleset matched', async () => {
      const ruleset = prod();
      const body = [{ key: 'a', env: 'prod' }, { key: 'b' }, { mute: true, key: 'c' }];
      const { event, lines, decisions } = await decided(body, [ruleset]);
      assert.deepEqual(lines, [
        [0, 'ruleset', 'a'],
        [1, 'webhook', 'b'],
      ]);
      const { opener, dedupKey, readOpening } = matchesOf(decisions)[1]!;
      assert.deepEqual(
        [opener.id, opener.name, opener.teamId, opener.urgency, opener.severity, opener.version, dedupKey],
        [webhookId, 'Probe', teamId, 'low', 'warning', null, 'b'],
      );
      assert.deepEqual([opener.acknowledgementTimeout, opener.autoResolveTimeout], [1_800, 14_400]);
      assert.deepEqual(opener.assignees, []);
      const { check, ...texts } = readOpening();
      assert.deepEqual(texts, { name: 'Disk full', description: 'As told' });
      assert.equal(check.checkedAt, event.receivedAt);
    });

    it('leaves that to a ruleset for this very webhook, and to whoever switched it off', async () => {
      const [own, others, all] = [
        compiled({ webhookId, conditions: [down] }),
        compiled({ webhookId: uuid() }),
        compiled({ conditions: [down] }),
      ];
      assert.deepEqual((await decided([{ key: 'a' }], [own])).lines, []);
      assert.deepEqual((await decided([{ key: 'a' }], [others, all])).lines, [[0, 'webhook', 'a']]);
      assert.deepEqual((await decided([{ key: 'a' }], [], { opensIncidents: false })).lines, []);
      // What ends a problem counts all the same: a ruleset may have opened it.
      assert.deepEqual((await decided([{ key: 'a', action: 'resolve' }], [own], { opensIncidents: false })).lines, [
        [0, 'resolve', 'a'],
      ]);
    });

    it('shows rulesets nothing but triggers, and passes over what names no problem', async () => {
      const ruleset = compiled({});
      const { lines } = await decided(
        [
          { action: 'resolve', mute: true },
          { action: 'resolve', key: 'a' },
        ],
        [ruleset],
      );
      assert.deepEqual(lines, [[1, 'resolve', 'a']]);
    });

    it('names a problem that its sender gave no name after the event', async () => {
      const { event, lines } = await decided([{}, {}]);
      const key = event.id.replaceAll('-', '');
      assert.deepEqual(lines, [
        [0, 'webhook', key],
        [1, 'webhook', `${key}-1`],
      ]);
    });

    it('decides nothing again, also when the ruleset that matched is gone', async () => {
      const gone = uuid();
      const body = [{ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'd', action: 'resolve' }];
      const recorded = [`${gone}:0:joined`, `${webhookId}:1:opened`, `${gone}:2:resolved`, `${webhookId}:3:resolved`];
      assert.deepEqual((await decided(body, [], { recorded })).lines, [[2, 'webhook', 'c']]);
    });

    it('looks at a thousand alerts of an event, and says that there were more', async () => {
      const { lines, reason } = await decided(Array.from({ length: 1_200 }, (_, index) => ({ key: `${index}` })));
      assert.deepEqual([lines.length, lines.at(-1)], [1_000, [999, 'webhook', '999']]);
      assert.equal(reason, 'Only the first 1000 of 1200 alerts were looked at.');
    });
  });
});
