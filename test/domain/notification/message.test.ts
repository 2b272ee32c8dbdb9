import assert from 'node:assert/strict';
import { factsOf, openingOf, subjectOf } from '../../../src/domain/notification/message.ts';
import { notificationReasons } from '../../../src/domain/notification/still-asks.ts';
import { sampleCode, samplePage, samplePageOf } from '../../support/message.ts';
import { sampleSnapshot } from '../../support/transition.ts';

describe('domain/notification/message', () => {
  it('has a subject of one line, whatever the incident is called', () => {
    assert.equal(subjectOf(samplePageOf({ number: 7, name: 'Checkout is down' })), '[INC-7] Checkout is down');
    for (const evil of ['A\r\nBcc: all@example.com', 'A\nB', 'A\u2028B', 'A\u0000B', 'A\u0085B', ' A \t B '])
      assert.match(subjectOf(samplePageOf({ number: 7, name: evil })), /^\[INC-7\] A (Bcc: all@example\.com|B)$/);
  });

  it('keeps a code out of the subject, which shows on locked screens', () => {
    assert.ok(!subjectOf(sampleCode).includes(sampleCode.code));
    assert.ok(openingOf(sampleCode).includes('Ada Lovelace at Acme'));
  });

  it('says something else for each reason', () => {
    const openings = notificationReasons.map((reason) => openingOf(samplePage({ reason })));
    assert.equal(new Set(openings).size, notificationReasons.length);
  });

  it('names what there is, and leaves out what there is not', () => {
    const labels = (page: ReturnType<typeof samplePage>) => factsOf(page).map(([label]) => label);
    assert.deepEqual(labels(samplePage()), ['Urgency', 'Status', 'Team', 'Source', 'Since', 'Description']);
    const bare = sampleSnapshot('triggered', { service: { type: 'team', id: 'x', number: 7, name: 'Acme Corp' } });
    const snapshot = { ...bare, incident: { ...bare.incident, description: ' ', severity: 'SEV1', priority: null } };
    assert.deepEqual(labels(samplePage({ snapshot })), ['Urgency', 'Severity', 'Status', 'Team', 'Since']);
  });

  it('passes on what responders are asked, and to them alone', () => {
    const snapshot = sampleSnapshot('responder_added');
    snapshot.transition.details = { message: 'You know the database best.' };
    assert.deepEqual(factsOf(samplePage({ snapshot, reason: 'responders' }))[0], [
      'Message',
      'You know the database best.',
    ]);
    assert.notEqual(factsOf(samplePage({ snapshot, reason: 'level' }))[0]![0], 'Message');
  });
});
