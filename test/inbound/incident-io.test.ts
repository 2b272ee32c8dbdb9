import assert from 'node:assert/strict';
import { incidentIo } from '../../src/inbound/incident-io.ts';
import { samplesOf } from '../support/samples.ts';

const samples = samplesOf('incident.io');
const read = (title: string) => incidentIo.read(samples[title]);
const id = '01FDAG4SAP5TYPT98WGR2N7W91';
const type = 'public_incident.incident_updated_v2';

describe('inbound incident.io', () => {
  it('reads a new incident', () => {
    const [{ alert, ...occurrence } = assert.fail(), ...others] = read('created');
    assert.deepEqual(others, []);
    assert.equal((alert as { id: string }).id, id);
    assert.deepEqual(occurrence, {
      action: 'trigger',
      dedupKey: id,
      labels: {
        severity: 'Minor',
        status: 'Triage',
        status_category: 'triage',
        type: 'Security',
        mode: 'standard',
        reference: 'INC-123',
        visibility: 'public',
      },
      opening: {
        name: 'Our database is sad',
        urgency: 'medium',
        severity: 'Minor',
        description:
          "Our database is really really sad, and we don't know why yet.\n\n" +
          '- INC-123: https://app.incident.io/incidents/123',
      },
    });
  });

  it('reads the same from what a tool passes on', () => {
    const [passedOn] = read('created, as SuperPlane passes it on');
    const [created] = read('created');
    assert.deepEqual(
      [passedOn?.action, passedOn?.dedupKey, passedOn?.opening],
      [created?.action, created?.dedupKey, created?.opening],
    );
  });

  it('opens and acknowledges an incident that people work on', () => {
    const occurrences = read('updated while people work on it');
    assert.deepEqual(
      occurrences.map(({ action, dedupKey, opening }) => [action, dedupKey, opening?.severity]),
      [
        ['trigger', id, 'Critical'],
        ['acknowledge', id, undefined],
      ],
    );
  });

  it('goes by the category of the status', () => {
    const actionsAt = (incident_status: unknown) =>
      incidentIo.read({ event_type: type, [type]: { id, name: 'Sad', incident_status } }).map(({ action }) => action);
    for (const category of ['live', 'paused'])
      assert.deepEqual(actionsAt({ name: 'x', category }), ['trigger', 'acknowledge'], category);
    for (const category of ['learning', 'closed', 'declined', 'merged', 'canceled'])
      assert.deepEqual(actionsAt({ name: 'x', category }), ['resolve'], category);
    for (const status of [{ category: 'triage' }, { category: 'new' }, { name: 'Fixing' }, null, 7])
      assert.deepEqual(actionsAt(status), ['trigger']);
    assert.deepEqual(actionsAt({ name: 'Closed' }), ['resolve']);
  });

  it('resolves at a change of status', () => {
    const [{ action, dedupKey, opening } = assert.fail(), ...others] = read('the status becomes closed');
    assert.deepEqual([action, dedupKey, opening, others], ['resolve', id, null, []]);
  });

  it('opens nothing for what is only written down afterwards', () => {
    for (const { opening } of read('a retrospective one is written down')) assert.equal(opening, null);
  });

  it('opens a private incident, of which it hears the id alone', () => {
    const [created] = read('a private one is created');
    assert.deepEqual([created?.dedupKey, created?.opening?.name], ['01FCNDV6P870EA6S7TK1DSYDG0', 'Private incident']);
    assert.match(created!.opening!.description, /: 01FCNDV6P870EA6S7TK1DSYDG0$/);
    const [updated] = read('a private one is updated');
    assert.deepEqual(
      [updated?.action, updated?.dedupKey, updated?.opening],
      ['trigger', '01FCNDV6P870EA6S7TK1DSYDG0', null],
    );
  });

  it('takes other events, and incidents without an id, for generic JSON', () => {
    const action = { event_type: 'public_incident.action_created_v1', 'public_incident.action_created_v1': { id } };
    for (const payload of [action, { event_type: type, [type]: { name: 'Sad' } }, { event_type: 'toString', id }])
      assert.deepEqual(incidentIo.read(payload), [
        { action: 'trigger', alert: payload, dedupKey: null, labels: {}, opening: null },
      ]);
  });
});
