import assert from 'node:assert/strict';
import { describeDay, readDay, readTime, writeDay } from '../../../src/domain/schedule/calendar.ts';

describe('domain/schedule/calendar', () => {
  it('takes the date of a date-time as it is written, whatever its time and offset', () => {
    for (const text of [
      '2024-01-31',
      '2024-01-31T23:59:59Z',
      '2024-01-31T23:59:59',
      '2024-01-31T00:00:00+14:00',
      '2024-01-31T23:59:59.999999999-11:00',
      '2024-01-31t12:00:00z',
    ])
      assert.equal(writeDay(readDay(text)!), '2024-01-31', text);
  });

  it('knows leap days and both ends of its years', () => {
    for (const text of ['1970-01-01', '1972-02-29', '2000-02-29', '2024-02-29', '9999-12-31'])
      assert.equal(writeDay(readDay(text)!), text);
    assert.equal(readDay('1970-01-01'), 0);
  });

  it('refuses dates that never are', () => {
    for (const text of [
      ...[
        '2024-02-30',
        '2023-02-29',
        '1900-02-29',
        '2100-02-29',
        '2024-04-31',
        '2024-13-01',
        '2024-00-10',
        '2024-01-00',
      ],
      ...['1969-12-31', '10000-01-01', '0000-01-01', '+12024-01-01', '-2024-01-01'],
      ...['', '2024', '2024-1-1', '24-01-01', '2024-W01-1', '2024-001', ' 2024-01-01', '2024-01-01 ', '01/02/2024'],
      ...['2024-01-31T24:00:00Z', '2024-01-31T23:59:60Z', '2024-01-31T', '2024-01-31T10', '2024-01-31T10:00:00+24:00'],
      ...['2024-01-31T10:00:00.Z', '2024-01-31T10:00:00+01', '2024-01-31\n', '２０２４-01-31'],
    ])
      assert.equal(readDay(text), null, text);
  });

  it('reads times of a day and nothing else', () => {
    assert.equal(readTime('00:00:00'), 0);
    assert.equal(readTime('23:59:59'), 86_399);
    for (const text of [
      '24:00:00',
      '23:59:60',
      '8:00:00',
      '08:00',
      '08:00:00Z',
      '08:00:00.5',
      '-1:00:00',
      '',
      '08:00:00\n',
    ])
      assert.equal(readTime(text), null, text);
  });

  it('counts weekdays from both ends of the month', () => {
    const described = (text: string) => {
      const { month, weekDay, fromStart, fromEnd } = describeDay(readDay(text)!);
      return [month, weekDay, fromStart, fromEnd];
    };
    // 1 January 2024 was a Monday; January had five of them.
    assert.deepEqual(described('2024-01-01'), [1, 1, 1, -5]);
    assert.deepEqual(described('2024-01-29'), [1, 1, 5, -1]);
    assert.deepEqual(described('2024-01-31'), [1, 3, 5, -1]);
    // February 2024 had five Thursdays, the last on the leap day.
    assert.deepEqual(described('2024-02-29'), [2, 4, 5, -1]);
    assert.deepEqual(described('2024-02-25'), [2, 0, 4, -1]);
    assert.deepEqual(described('2023-02-22'), [2, 3, 4, -1]);
    assert.deepEqual(described('9999-12-31'), [12, 5, 5, -1]);
  });
});
