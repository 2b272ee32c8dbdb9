import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../support/api.ts';
import { kill, launchedAfter } from '../support/kill.ts';
import { codeIn, createMailServer, type MailServer } from '../support/mail-server.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createRandom } from '../support/random.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { createStory } from '../support/story.ts';

const seed = 5;
const incidentCount = 10;
const delaySeconds = 5;
const levels = 3;
const kills = 4;
/** A worker that is back has to load, and finds its workflows after the sticky queue's and the task's timeout. */
const recoveryMs = 20_000;

describe('chaos/escalation-under-kills', function () {
  this.timeout(400_000);
  let product: TestProduct;
  let mailServer: MailServer;
  let receiver: Receiver;
  const story = createStory(() => product);

  before(async () => {
    mailServer = await createMailServer();
    receiver = await createReceiver();
    product = await startProduct({ env: { SMTP_URL: mailServer.url, MAIL_FROM: 'Tocsin <tocsin@example.com>' } });
  });
  after(async () => {
    await product.killAll();
    await Promise.all([mailServer.close(), receiver.close()]);
    await removeDataDir(product.dataDir);
  });

  /** A member with one verified contact method, told at once. */
  async function member(name: string, target: Json, readCode: () => Promise<string>): Promise<string> {
    const teamId = await story.teamId();
    const { id } = await story.done(`/v1/team/${teamId}/member`, { name, email: `${name}@example.com` });
    const path = `/v1/team/${teamId}/member/${id}/contact-method`;
    const method = await story.done(path, target);
    await story.done(`${path}/${method.id}/verification`);
    await story.done(`${path}/${method.id}/verify`, { code: await readCode() });
    return id;
  }

  it('takes each step once and tells everybody, and nobody after an acknowledge', async () => {
    const random = createRandom(seed);
    const mailed = await member('ada', { type: 'email', address: 'ada@example.com' }, async () =>
      codeIn((await mailServer.waitFor(({ length }) => length === 1))[0]!),
    );
    const posted = await member('ben', { type: 'webhook', url: receiver.url }, async () => {
      const [request] = await receiver.waitFor(({ length }) => length === 1);
      return JSON.parse(request!.body).data.code;
    });
    mailServer.mails.length = 0;
    receiver.requests.length = 0;
    const both = [mailed, posted].map((id) => ({ type: 'member', id }));
    const policy = await story.done('/v1/escalation-policy', {
      name: 'Both, three times',
      levels: Array.from({ length: levels }, () => ({ delay: delaySeconds, targets: both })),
    });
    const incidents: Json[] = await Promise.all(
      Array.from({ length: incidentCount }, (_, index) =>
        story.open({ name: `Incident ${index}`, escalation_policy_id: policy.id }),
      ),
    );
    const answered = new Set(incidents.slice(0, 3).map(({ id }) => id));

    const downs: { from: number; to: number }[] = [];
    for (let round = 0; round < kills; round++) {
      // Not a wait for anything: the seed says at which moment of its work it dies.
      await sleep(500 + random() * 4_000);
      const from = Date.now();
      const killed = await kill(product, 'worker');
      if (round === 1) await Promise.all([...answered].map((id) => story.insist(`/v1/incident/${id}/acknowledge`)));
      await launchedAfter(product, 'worker', killed);
      downs.push({ from, to: Date.now() + recoveryMs });
    }
    const unanswered = incidents.filter(({ id }) => !answered.has(id));
    const logOf = (id: string): Promise<Json[]> => story.list(`/v1/incident/${id}/log`, 'log_entries');
    const notificationsOf = (id: string): Promise<Json[]> =>
      story.list(`/v1/incident/${id}/notifications`, 'notifications');
    for (const { id } of unanswered)
      await poll(async () => (await story.log(id)).includes('escalation_exhausted'), { timeoutMs: 90_000, what: id });
    const settled = await Promise.all(
      incidents.map(({ id }) =>
        poll(
          async () => {
            const rows = await notificationsOf(id);
            return rows.every(({ status }) => status !== 'pending') && rows;
          },
          { timeoutMs: 60_000, everyMs: 200, what: `the notifications of ${id}` },
        ),
      ),
    );

    for (const { id } of unanswered) {
      const log = await logOf(id);
      assert.deepEqual(
        log.map(({ type, details }) => [type, details.level ?? null]),
        [
          ['triggered', null],
          ...Array.from({ length: levels - 1 }, (_, index) => ['escalated', index + 2]),
          ['escalation_exhausted', levels],
        ],
      );
      for (const { details, at } of log.slice(1)) {
        const due = Date.parse(details.due_at);
        // From then on there was a worker that had come back.
        const able = downs.reduce((time, { from, to }) => (time + 1_000 >= from ? Math.max(time, to) : time), due);
        assert.ok(Date.parse(at) >= due && Date.parse(at) <= able + 30_000, `due ${details.due_at}, at ${at}`);
      }
    }
    for (const id of answered) {
      const log = await logOf(id);
      assert.equal(log.filter(({ type }) => type === 'acknowledged').length, 1);
      assert.equal(log.at(-1).type, 'acknowledged', 'an acknowledge ends the asking');
    }

    const rows: Json[] = settled.flat();
    for (const [index, { id }] of incidents.entries()) {
      const sent = settled[index]!.filter(({ status }) => status === 'sent');
      if (!answered.has(id)) assert.equal(sent.length, 2 * levels);
      assert.equal(settled[index]!.length, new Set(settled[index]!.map((one) => one.id)).size);
    }
    // What was sent arrived, under its own id each time it was tried, and nothing else did.
    const ids = new Map(rows.map((row) => [row.id as string, row]));
    const arrived = [
      ...mailServer.mails.map(({ headers }) => idIn(headers['message-id']!)),
      ...receiver.requests.map(({ headers }) => String(headers['webhook-id'])),
    ];
    for (const id of arrived) assert.ok(ids.has(id), `${id} is a notification`);
    for (const [id, { status, attempts }] of ids) {
      const times = arrived.filter((one) => one === id).length;
      if (status === 'sent') assert.ok(times >= 1 && times <= attempts, `${id} arrived ${times} of ${attempts} times`);
      else assert.equal(status, 'cancelled');
    }
  });
});

function idIn(messageId: string): string {
  return /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(messageId)![0];
}
