import assert from 'node:assert/strict';
import type { Json } from '../support/api.ts';
import { codeIn, createMailServer, type MailServer } from '../support/mail-server.ts';
import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createStory } from '../support/story.ts';

describe('smoke/paging', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let mailServer: MailServer;
  const story = createStory(() => product);

  before(async () => {
    mailServer = await createMailServer();
    product = await startProduct({ env: { SMTP_URL: mailServer.url, MAIL_FROM: 'Tocsin <tocsin@example.com>' } });
  });
  after(async () => {
    await product.killAll();
    await mailServer.close();
    await removeDataDir(product.dataDir);
  });

  it('mails whoever the policy asks, and the link in the mail ends the asking', async () => {
    const teamId = await story.teamId();
    const member = await story.done(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' });
    const path = `/v1/team/${teamId}/member/${member.id}`;
    const method = await story.done(`${path}/contact-method`, { type: 'email', address: 'ada@example.com' });
    await story.done(`${path}/contact-method/${method.id}/verification`);
    const [codeMail] = await mailServer.waitFor(({ length }) => length === 1);
    await story.done(`${path}/contact-method/${method.id}/verify`, { code: codeIn(codeMail!) });
    await story.request('PUT', `${path}/notification-rules`, {
      rules: [0, 3_600].map((delay) => ({ urgency: 'high', delay, contact_method_id: method.id })),
    });
    const policy = await story.done('/v1/escalation-policy', {
      name: 'Ada, then Ada',
      levels: [{ delay: 3_600, targets: [{ type: 'member', id: member.id }] }],
    });
    const incident = await story.open({ name: 'Checkout is down', escalation_policy_id: policy.id, urgency: 'high' });
    const [, mail] = await mailServer.waitFor(({ length }) => length === 2);
    assert.match(mail!.headers.subject!, /^\[INC-\d+\] Checkout is down$/);

    const link = /^Acknowledge: (\S+)$/m.exec(mail!.text)![1]!;
    assert.ok(link.startsWith(`${product.url.replace('127.0.0.1', 'localhost')}/link/`), link);
    const target = product.url + new URL(link).pathname;
    assert.match(await (await fetch(target)).text(), /<button>Acknowledge INC-\d+<\/button>/);
    assert.equal((await story.request('GET', `/v1/incident/${incident.id}`)).status, 'triggered');
    assert.equal((await fetch(target, { method: 'POST' })).status, 200);
    assert.equal((await story.request('GET', `/v1/incident/${incident.id}`)).status, 'acknowledged');
    const notified = await poll(async () => {
      const rows: Json[] = await story.list(`/v1/incident/${incident.id}/notifications`, 'notifications');
      // Cancelled at first, too, where the link was quicker than the storing of what was sent.
      return rows.some(({ status }) => status === 'sent') && rows.every(({ status }) => status !== 'pending') && rows;
    });
    assert.deepEqual(notified.map(({ status }) => status).sort(), ['cancelled', 'sent']);
    const log: Json[] = await story.list(`/v1/incident/${incident.id}/log`, 'log_entries');
    assert.deepEqual(log.at(-1).agent, { type: 'member', id: member.id, name: 'Ada' });
  });

  it('says in the log of the incident that nobody can be reached', async () => {
    const teamId = await story.teamId();
    const { id } = await story.done(`/v1/team/${teamId}/member`, { name: 'Bob', email: 'bob@example.com' });
    const policy = await story.done('/v1/escalation-policy', {
      name: 'Bob',
      levels: [{ delay: 3_600, targets: [{ type: 'member', id }] }],
    });
    const incident = await story.open({ escalation_policy_id: policy.id });
    await poll(async () => (await story.log(incident.id)).includes('nobody_reachable'));
  });
});
