import assert from 'node:assert/strict';
import { createPace, OutOfTime } from '../../src/inbound/pace.ts';

function busy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

function* work(steps: number, ms: number): Generator<undefined, string> {
  for (let step = 0; step < steps; step++) {
    busy(ms);
    yield;
  }
  return 'done';
}

describe('a pace', () => {
  it('lets others run while it works', async () => {
    let others = 0;
    const other = setInterval(() => others++, 1);
    try {
      assert.equal(await createPace(5_000).run(work(40, 5)), 'done');
    } finally {
      clearInterval(other);
    }
    assert.ok(others >= 3, `others ran ${others} times`);
  });

  it('lets others run between many short works too', async () => {
    let others = 0;
    const other = setInterval(() => others++, 1);
    const pace = createPace(5_000);
    try {
      for (let run = 0; run < 40; run++) await pace.run(work(1, 5));
    } finally {
      clearInterval(other);
    }
    assert.ok(others >= 3, `others ran ${others} times`);
  });

  it('ends when all of it together takes too long', async () => {
    const pace = createPace(1_000);
    await pace.run(work(3, 25));
    await assert.rejects(
      pace.run(work(100, 25)),
      (error) => error instanceof OutOfTime && /longer than 1 s/.test(error.message),
    );
  });

  it('counts turns that were too short to pause in', async () => {
    const pace = createPace(200);
    await assert.rejects(async () => {
      for (let run = 0; run < 100; run++) {
        pace.begin();
        await pace.run(work(1, 5));
      }
    }, OutOfTime);
  });

  it('does not count what was waited for before a turn', async () => {
    const pace = createPace(500);
    busy(600);
    pace.begin();
    assert.equal(await pace.run(work(1, 1)), 'done');
  });
});
