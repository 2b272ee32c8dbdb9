import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Agent, TransitionType } from '../../src/domain/incident/log-entry.ts';
import type { IncidentSnapshot, SnapshotCustomField } from '../../src/domain/incident/snapshot.ts';
import { planTransition } from '../../src/outbound/dialect.ts';
import { examplePing } from '../../src/outbound/example-snapshot.ts';
import { incidentIoV2 } from '../../src/outbound/incident-io-v2.ts';
import { microseconds } from '../../src/outbound/incident-io/times.ts';
import { derivedUlid, ulidOf } from '../../src/outbound/incident-io/ulid.ts';
import { exampleSetting, fullSnapshot } from '../support/example.ts';
import { holdTo } from '../support/payload-shape.ts';
import { renderContext } from '../support/render-context.ts';
import { sampleSnapshot } from '../support/transition.ts';

const created = 'public_incident.incident_created_v2';
const updated = 'public_incident.incident_updated_v2';
const statusUpdated = 'public_incident.incident_status_updated_v2';

type Content = Record<string, unknown>;

/** What a receiver finds under the key that `event_type` names. */
function contentOf(event: string, snapshot: IncidentSnapshot): Content {
  const body = incidentIoV2.render(event, snapshot, renderContext) as Content;
  assert.deepEqual(Object.keys(body), ['event_type', event]);
  assert.equal(body.event_type, event);
  return body[event] as Content;
}

const documented = JSON.parse(
  readFileSync(new URL('fixtures/incident-io-incident-created.json', import.meta.url), 'utf8'),
) as Content;

/** The fields that incident.io documents as always there, each with a value that is of its type. */
const status = {
  id: 'x',
  name: 'x',
  category: 'x',
  description: 'x',
  rank: 1,
  created_at: '2021-08-17T13:28:57.801578Z',
  updated_at: '2021-08-17T13:28:57.801578Z',
};
const always = {
  id: 'x',
  name: 'x',
  reference: 'INC-1',
  created_at: '2021-08-17T13:28:57.801578Z',
  updated_at: '2021-08-17T13:28:57.801578Z',
  mode: 'standard',
  visibility: 'public',
  creator: {},
  incident_status: status,
  incident_role_assignments: [],
  custom_field_entries: [],
  slack_team_id: '',
  slack_channel_id: '',
};

/** As a release stored it whose snapshots know nothing of the organisation's own statuses, severities and fields. */
function earlier({ incident, transition, ...rest }: IncidentSnapshot): IncidentSnapshot {
  const known = { ...incident };
  for (const part of ['incidentStatus', 'rankedSeverity', 'incidentType', 'customFields', 'roleAssignments'] as const)
    delete known[part];
  return { ...rest, incident: known, transition: { ...transition, previousIncidentStatus: null } };
}

describe('outbound/incident-io-v2', () => {
  it('has every key of the documented sample, with values like it', () => {
    holdTo(documented, incidentIoV2.render(created, fullSnapshot('triggered'), renderContext));
  });

  it('holds what an incident always has, however little is known of it', () => {
    for (const snapshot of [fullSnapshot('triggered'), sampleSnapshot('triggered')]) {
      const incident = contentOf(created, snapshot);
      holdTo(always, incident);
      // Ours has more values where theirs is empty, but no lack of keys.
      for (const key of Object.keys(always)) assert.ok(key in incident, key);
    }
  });

  it('leaves out what incident.io leaves out of incidents that lack it', () => {
    const sample = sampleSnapshot('triggered');
    const bare = contentOf(created, { ...sample, incident: { ...sample.incident, description: '' } });
    for (const key of ['severity', 'summary', 'call_url', 'incident_type']) assert.ok(!(key in bare), key);
    const full = contentOf(created, fullSnapshot('triggered'));
    assert.equal(full.call_url, 'https://meet.example.com/checkout');
    assert.equal(full.summary, 'Example: more than one order in ten ends in an error.');
    assert.equal(full.permalink, `https://tocsin.example.com/v1/incident/${fullSnapshot('triggered').incident.id}`);
  });

  it('writes times with six digits, in UTC', () => {
    for (const [ours, theirs] of [
      ['2026-04-16T14:23:00.123456Z', '2026-04-16T14:23:00.123456Z'],
      ['2026-04-16T14:23:00.123Z', '2026-04-16T14:23:00.123000Z'],
      ['2026-04-16T14:23:00Z', '2026-04-16T14:23:00.000000Z'],
      ['2026-04-16T16:23:00.12345+02:00', '2026-04-16T14:23:00.123450Z'],
    ] as const)
      assert.equal(microseconds(ours), theirs);
    const incident = contentOf(created, sampleSnapshot('triggered'));
    assert.equal(incident.created_at, '2026-04-16T14:23:00.123456Z');
    assert.equal(incident.updated_at, '2026-04-16T14:23:00.123000Z');
  });

  describe('ids', () => {
    const decode = (ulid: string) =>
      [...ulid].reduce((bits, digit) => bits * 32n + BigInt('0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(digit)), 0n);
    const bitsOf = (uuid: string) => BigInt(`0x${uuid.replaceAll('-', '')}`);

    it('are the 128 bits of ours as ULIDs', () => {
      assert.equal(ulidOf('00000000-0000-0000-0000-000000000000'), '0'.repeat(26));
      assert.equal(ulidOf('ffffffff-ffff-ffff-ffff-ffffffffffff'), '7ZZZZZZZZZZZZZZZZZZZZZZZZZ');
      fc.assert(
        fc.property(fc.uuid(), fc.uuid(), (one, two) => {
          assert.match(ulidOf(one), /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
          assert.equal(decode(ulidOf(one)), bitsOf(one));
          assert.equal(ulidOf(one), ulidOf(one.toUpperCase()));
          assert.equal(ulidOf(one) < ulidOf(two), bitsOf(one) < bitsOf(two));
        }),
      );
    });

    it('of what has none with us follow from its words, in whichever organisation', () => {
      assert.match(derivedUlid('a', 'b'), /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
      assert.equal(derivedUlid('a', 'b'), derivedUlid('a', 'b'));
      assert.notEqual(derivedUlid('a', 'b'), derivedUlid('ab', ''));
      const [ours, theirs] = ['0199aaaa-0000-7000-8000-000000000002', '0199aaaa-0000-7000-8000-000000000003'].map(
        (id) => contentOf(created, { ...earlier(fullSnapshot('triggered')), organisation: { id, name: 'Acme' } }),
      );
      for (const key of ['incident_status', 'severity'])
        assert.notEqual((ours![key] as Content).id, (theirs![key] as Content).id);
    });
  });

  describe('events', () => {
    const eventsOf = (type: TransitionType) => planTransition([incidentIoV2], { type, details: {} });

    it('are an update and a change of the status where one transition is both', () => {
      assert.deepEqual(
        eventsOf('acknowledged').filter(({ visibility }) => visibility === 'public'),
        [
          { dialect: 'incident.io.v2', event: updated, item: 0, ifStatusChanged: false, visibility: 'public' },
          { dialect: 'incident.io.v2', event: statusUpdated, item: 0, ifStatusChanged: true, visibility: 'public' },
        ],
      );
      assert.deepEqual(
        eventsOf('triggered').map(({ event }) => event),
        [created, created.replace('public', 'private')],
      );
      for (const type of ['annotated', 'alerted', 'action_run'] as const) assert.deepEqual(eventsOf(type), []);
    });

    it('tell of private incidents their id alone, and never under a public name', () => {
      for (const [event, type] of [
        ['private_incident.incident_created_v2', 'triggered'],
        ['private_incident.incident_updated_v2', 'resolved'],
      ] as const) {
        const snapshot = fullSnapshot(type, 'private');
        assert.deepEqual(contentOf(event, snapshot), { id: ulidOf(snapshot.incident.id) });
      }
      assert.throws(() => contentOf(created, fullSnapshot('triggered', 'private')));
      assert.throws(() => contentOf(statusUpdated, fullSnapshot('resolved', 'private')));
      assert.throws(() => contentOf(statusUpdated, fullSnapshot('priority_updated')), /does not stand for/);
    });
  });

  describe('a change of the status', () => {
    const changeOf = (type: TransitionType, changes: Partial<IncidentSnapshot['incident']> = {}) => {
      const snapshot = earlier(fullSnapshot(type));
      return contentOf(statusUpdated, { ...snapshot, incident: { ...snapshot.incident, ...changes } });
    };
    const named = (content: Content, key: string) => {
      const { name, category } = content[key] as Content;
      return [name, category];
    };

    it('says which and, of a resolution, with which words', () => {
      const resolved = changeOf('resolved');
      assert.deepEqual(Object.keys(resolved), ['incident', 'new_status', 'previous_status', 'message']);
      assert.deepEqual(named(resolved, 'new_status'), ['Closed', 'closed']);
      assert.deepEqual(named(resolved, 'previous_status'), ['Investigating', 'live']);
      assert.equal(resolved.message, 'Example: the deployment was rolled back.');
      assert.deepEqual((resolved.incident as Content).incident_status, resolved.new_status);
      holdTo(always, resolved.incident);
      holdTo(status, resolved.previous_status);
    });

    it('names the statuses of the organisation', () => {
      const snapshot = fullSnapshot('acknowledged');
      const monitoring = { ...snapshot.incident.incidentStatus!, name: 'Monitoring', rank: 7 };
      const change = contentOf(statusUpdated, {
        ...snapshot,
        incident: { ...snapshot.incident, incidentStatus: monitoring },
      });
      assert.deepEqual(named(change, 'new_status'), ['Monitoring', 'live']);
      assert.deepEqual(named(change, 'previous_status'), ['Example: Triage', 'triage']);
      assert.equal((change.new_status as Content).id, ulidOf(monitoring.id));
      assert.deepEqual((change.incident as Content).incident_status, change.new_status);
      holdTo(status, change.new_status);
    });

    it('goes through the categories of incident.io', () => {
      const acknowledged = changeOf('acknowledged');
      assert.deepEqual(named(acknowledged, 'previous_status'), ['Triage', 'triage']);
      assert.deepEqual(named(acknowledged, 'new_status'), ['Investigating', 'live']);
      assert.ok(!('message' in acknowledged));
      assert.deepEqual(named(changeOf('reopened'), 'previous_status'), ['Closed', 'closed']);
      const mergedInto = { id: '0199aaaa-0000-7000-8000-000000000011', number: 11, name: 'Checkout' };
      assert.deepEqual(named(changeOf('resolved', { mergedInto }), 'new_status'), ['Merged', 'merged']);
    });

    it('has the same id for the same status, before and after', () => {
      const before = changeOf('resolved').previous_status;
      assert.deepEqual(before, changeOf('acknowledged').new_status);
    });
  });

  describe('its creator', () => {
    const creatorOf = (agent: Agent, changes: Partial<IncidentSnapshot['incident']> = {}) => {
      const sample = fullSnapshot('triggered');
      const trail = { opened: { at: exampleSetting.now, agent, channel: 'api' } } as const;
      return contentOf(created, { ...sample, incident: { ...sample.incident, trail, ...changes } }).creator;
    };
    const id = '0199aaaa-0000-7000-8000-000000000021';

    it('is a user, an API key, or the alert that a ruleset made it of', () => {
      const [ada] = fullSnapshot('triggered').people!;
      assert.deepEqual(creatorOf({ type: 'member', id: ada!.id, name: 'Ada' }), {
        user: { id: ulidOf(ada!.id), name: 'Example: Ada', email: 'ada@example.com', role: 'unset' },
      });
      assert.deepEqual(creatorOf({ type: 'member', id, name: 'Gone' }), {
        user: { id: ulidOf(id), name: 'Gone', role: 'unset' },
      });
      assert.deepEqual(creatorOf({ type: 'key', id, name: 'CI' }), { api_key: { id: ulidOf(id), name: 'CI' } });
      const eventId = '0199aaaa-0000-7000-8000-000000000031';
      const ruleset: Agent = { type: 'ruleset', id, name: 'Checkout' };
      assert.deepEqual(creatorOf(ruleset, { eventId }), {
        alert: { id: ulidOf(eventId), title: 'Example: checkout is failing' },
      });
      assert.deepEqual(creatorOf(ruleset, { eventId: null }), { workflow: { id: ulidOf(id), name: 'Checkout' } });
    });

    it('is the service where an earlier release did not keep who it was', () => {
      const { creator } = contentOf(updated, sampleSnapshot('resolved'));
      assert.deepEqual(creator, {
        workflow: { id: ulidOf('0199aaaa-0000-7000-8000-000000000003'), name: 'Status codes' },
      });
    });
  });

  it('gives people their roles', () => {
    const snapshot = fullSnapshot('acknowledged');
    const [ada] = snapshot.people!;
    const [given, ...others] = contentOf(updated, snapshot).incident_role_assignments as {
      role: Content;
      assignee: Content;
    }[];
    assert.deepEqual(others, []);
    assert.deepEqual(given!.assignee, { id: ulidOf(ada!.id), name: ada!.name, email: ada!.email, role: 'unset' });
    assert.deepEqual(
      [given!.role.id, given!.role.role_type, given!.role.shortform, given!.role.name],
      [ulidOf(snapshot.incident.roleAssignments![0]!.id), 'lead', 'lead', 'Example: Incident Lead'],
    );
    assert.deepEqual(contentOf(updated, earlier(snapshot)).incident_role_assignments, []);
  });

  it('shows the severity of the organisation, and the type', () => {
    const snapshot = fullSnapshot('triggered');
    const { severity, incident_type: type } = contentOf(created, snapshot) as Record<string, Content>;
    const { id, name, rank } = snapshot.incident.rankedSeverity!;
    assert.deepEqual([severity!.id, severity!.name, severity!.rank], [ulidOf(id), name, rank]);
    assert.deepEqual([type!.id, type!.is_default], [ulidOf(snapshot.incident.incidentType!.id), true]);
  });

  it('ranks other severities that it knows, the more severe the higher', () => {
    const sample = earlier(fullSnapshot('triggered'));
    const ranks = ['P4', 'SEV3', 'high', 'Critical', 'Weird'].map((severity) => {
      const { name, rank } = contentOf(created, { ...sample, incident: { ...sample.incident, severity } })
        .severity as Content;
      assert.equal(name, severity);
      return rank;
    });
    assert.deepEqual(ranks, [1, 2, 3, 4, 0]);
  });

  it('says when and how fast, as far as it has come', () => {
    const times = (type: TransitionType) => {
      const { incident_timestamp_values, duration_metrics } = contentOf(
        type === 'triggered' ? created : updated,
        fullSnapshot(type),
      );
      const values = incident_timestamp_values as { incident_timestamp: Content; value?: Content }[];
      const metrics = duration_metrics as { duration_metric: Content; value_seconds?: number }[];
      return [
        values.map((one) => [one.incident_timestamp.name, one.value?.value]),
        metrics.map((one) => [one.duration_metric.name, one.value_seconds]),
      ];
    };
    assert.deepEqual(times('resolved'), [
      [
        ['Reported at', '2026-04-16T14:17:00.999000Z'],
        ['Accepted at', '2026-04-16T14:27:00.999000Z'],
        ['Resolved at', '2026-04-16T14:47:00.999000Z'],
      ],
      [
        ['Time to acknowledge', 600],
        ['Time to resolve', 1_800],
      ],
    ]);
    assert.deepEqual(times('triggered'), [
      [
        ['Reported at', '2026-04-16T14:47:00.999000Z'],
        ['Accepted at', undefined],
        ['Resolved at', undefined],
      ],
      [
        ['Time to acknowledge', undefined],
        ['Time to resolve', undefined],
      ],
    ]);
  });

  it('has every kind of custom field, with the values of that kind', () => {
    const sample = fullSnapshot('triggered');
    const idOf = (digit: number) => `0199aaaa-0000-7000-8000-00000000006${digit}`;
    const field = (
      digit: number,
      fieldType: SnapshotCustomField['fieldType'],
      values: SnapshotCustomField['values'],
    ) => {
      return { id: idOf(digit), name: `Field ${digit}`, description: '', fieldType, values };
    };
    const options = [
      { id: idOf(7), value: 'Europe', sortKey: 10 },
      { id: idOf(8), value: 'Asia', sortKey: 20 },
    ];
    const customFields = [
      field(1, 'text', ['long ago']),
      field(2, 'link', ['https://example.com/ticket/7']),
      field(3, 'numeric', ['12345678901234567890.5']),
      field(4, 'single_select', [options[0]!]),
      field(5, 'multi_select', options),
    ];
    const entries = contentOf(created, { ...sample, incident: { ...sample.incident, customFields } })
      .custom_field_entries as { custom_field: Content; values: Content[] }[];
    const option = (digit: number, of: number, value: string, sortKey: number) => ({
      value_option: { id: ulidOf(idOf(digit)), custom_field_id: ulidOf(idOf(of)), value, sort_key: sortKey },
    });
    assert.deepEqual(
      entries.map(({ custom_field, values }) => [custom_field.id, custom_field.field_type, values]),
      [
        [ulidOf(idOf(1)), 'text', [{ value_text: 'long ago' }]],
        [ulidOf(idOf(2)), 'link', [{ value_link: 'https://example.com/ticket/7' }]],
        [ulidOf(idOf(3)), 'numeric', [{ value_numeric: '12345678901234567890.5' }]],
        [ulidOf(idOf(4)), 'single_select', [option(7, 4, 'Europe', 10)]],
        [ulidOf(idOf(5)), 'multi_select', [option(7, 5, 'Europe', 10), option(8, 5, 'Asia', 20)]],
      ],
    );
  });

  it('pings with an event that receivers do not know', () => {
    assert.deepEqual(incidentIoV2.render('ping', examplePing(exampleSetting), renderContext), {
      event_type: 'ping',
      ping: { message: 'Example: this webhook can be reached.', created_at: '2026-04-16T14:47:00.999000Z' },
    });
  });
});
