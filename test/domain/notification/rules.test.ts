import assert from 'node:assert/strict';
import { nextNotificationDelay, notificationRetries } from '../../../src/domain/notification/retry.ts';
import { defaultRules, repeatedRules } from '../../../src/domain/notification/rule.ts';
import { notificationReasons, quietingTypes, stillAsks } from '../../../src/domain/notification/still-asks.ts';

describe('domain/notification', () => {
  it('tells a member who said nothing of everything, at once', () => {
    assert.deepEqual(
      defaultRules('m').map(({ urgency, delay, contactMethodId }) => [urgency, delay, contactMethodId]),
      [
        ['low', 0, 'm'],
        ['medium', 0, 'm'],
        ['high', 0, 'm'],
      ],
    );
  });

  it('finds rules that say the same, each with the first of them', () => {
    const rule = { urgency: 'high', delay: 60, contactMethodId: 'a' } as const;
    const others = [
      { ...rule, urgency: 'low' as const },
      { ...rule, delay: 61 },
      { ...rule, contactMethodId: 'b' },
    ];
    assert.deepEqual(repeatedRules([rule, ...others]), []);
    assert.deepEqual(repeatedRules([rule, ...others, rule, rule]), [
      { index: 4, first: 0 },
      { index: 5, first: 0 },
    ]);
  });

  it('asks while nobody has taken the incident on; for help until it is over', () => {
    for (const reason of notificationReasons) {
      assert.equal(stillAsks(reason, 'triggered', false), true);
      assert.equal(stillAsks(reason, 'acknowledged', false), reason === 'responders', reason);
      assert.equal(stillAsks(reason, 'resolved', false), false);
      assert.equal(stillAsks(reason, 'triggered', true), reason === 'responders', reason);
    }
    assert.deepEqual([...quietingTypes].sort(), ['acknowledged', 'delegated', 'reassigned', 'resolved', 'snoozed']);
  });

  it('tries five times within a quarter of an hour', () => {
    const delays = [1, 2, 3, 4].map(nextNotificationDelay);
    assert.deepEqual(delays, [5_000, 30_000, 120_000, 600_000]);
    assert.equal(nextNotificationDelay(5), null);
    assert.equal(nextNotificationDelay(6), null, 'a worker that died began one more');
    assert.ok(notificationRetries.reduce((sum, delay) => sum + delay) < 900_000);
  });
});
