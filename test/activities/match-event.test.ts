import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { matchEvent } from '../../src/activities/match-event.ts';
import { compileRuleset } from '../../src/domain/ruleset/compile-ruleset.ts';
import type { Condition, RulesetDraft } from '../../src/domain/ruleset/ruleset.ts';
import { genericJson } from '../../src/inbound/generic-json.ts';
import type { Source } from '../../src/inbound/source.ts';
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
    const { matches, reason } = await matchEvent(event, rulesets, genericJson);
    assert.equal(reason, null);
    assert.equal(matches.length, 1);
    const [{ readOpening, ...match } = assert.fail()] = matches;
    assert.deepEqual(match, {
      eventId: event.id,
      occurrence: 0,
      webhookId,
      receivedAt: event.receivedAt,
      ruleset: holding.ruleset,
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
      (await matchEvent(eventOf(body), rulesets, genericJson)).matches.map(({ ruleset, holds }) => [
        ruleset.ruleType,
        holds,
      ]);
    assert.deepEqual(await decided('{"status":"up"}'), [['state-change', false]]);
    assert.deepEqual(await decided('{"state":"up"}'), []);
    assert.deepEqual(await decided('{"status":"down"}'), [
      ['state-change', true],
      ['webhook', true],
    ]);
  });

  it('looks only at rulesets that listen to the webhook', async () => {
    const rulesets = [compiled({ webhookId }), compiled({ webhookId: uuid() }), compiled({})];
    const { matches } = await matchEvent(eventOf('{}'), rulesets, genericJson);
    assert.deepEqual(
      matches.map(({ ruleset }) => ruleset),
      [rulesets[0]!.ruleset, rulesets[2]!.ruleset],
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
      (await matchEvent(eventOf(body, { recorded }), [prod], batches)).matches.map((match) => [
        match.occurrence,
        match.incidentKey,
      ]);
    assert.deepEqual(await decided([]), [
      [0, 'a'],
      [2, 'c'],
    ]);
    assert.deepEqual(await decided([`${prod.ruleset.id}:0`]), [[2, 'c']]);
    assert.deepEqual(await decided([`${uuid()}:0`, `${prod.ruleset.id}:2`]), [[0, 'a']]);
  });

  it('says why a body cannot be read only when nothing matched', async () => {
    const text = compiled({ conditions: [{ type: 'text-check', key: '', operator: 'contains', values: ['full'] }] });
    const json = compiled({ conditions: [down] });
    const found = await matchEvent(eventOf('disk full'), [text, json, compiled({})], genericJson);
    assert.deepEqual([found.matches.length, found.reason], [2, null]);
    for (const [body, reason] of [
      ['disk', 'not_json'],
      ['', 'empty'],
      ['{}', null],
    ])
      assert.deepEqual(await matchEvent(eventOf(body!), [text, json], genericJson), { matches: [], reason });
    // Its match was recorded before a crash.
    const again = await matchEvent(eventOf('disk full', { recorded: [`${text.ruleset.id}:0`] }), [text], genericJson);
    assert.deepEqual(again, { matches: [], reason: null });
  });
});
