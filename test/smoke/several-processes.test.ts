import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/embedded/ports.ts';
import type { Json } from '../support/api.ts';
import { codeIn, createMailServer, type MailServer } from '../support/mail-server.ts';

import { poll } from '../support/poll.ts';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createStory, type Story } from '../support/story.ts';

/** Three API and two worker processes on one Postgres and one Temporal. */
describe('smoke/several-processes', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let mailServer: MailServer;
  let stories: Story[];
  const launched: ChildProcess[] = [];

  before(async () => {
    mailServer = await createMailServer();
    const mail = { SMTP_URL: mailServer.url, MAIL_FROM: 'Tocsin <tocsin@example.com>' };
    product = await startProduct({ env: mail });
    const secrets = JSON.parse(readFileSync(join(product.dataDir, 'secrets.json'), 'utf8')) as { secretKey: string };
    const env = {
      ...process.env,
      ...mail,
      DATABASE_URL: product.databaseUrl,
      TEMPORAL_ADDRESS: product.temporalAddress,
      SECRET_KEY: secrets.secretKey,
      ADMIN_API_KEY: product.adminKey,
      OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    };
    const launch = async (name: 'server' | 'worker', own: Record<string, string> = {}) => {
      const file = fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url));
      // The mark of the product's own, so that whoever cleans up after it finds these too.
      const child = fork(file, [`--of=${product.dataDir}`], {
        env: { ...env, ...own },
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      launched.push(child);
      await once(child, 'message');
    };
    const ports = [await freePort(), await freePort()];
    for (const port of ports) await launch('server', { PORT: String(port) });
    await launch('worker');
    const urls = [product.url, ...ports.map((port) => `http://127.0.0.1:${port}`)];
    stories = urls.map((url) => createStory(() => ({ url, adminKey: product.adminKey })));
  });
  after(async () => {
    for (const child of launched) child.kill('SIGKILL');
    await Promise.all(launched.map(async (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    await product.killAll();
    await mailServer.close();
    await removeDataDir(product.dataDir);
  });

  it('page each member once per step, whichever of them does it', async () => {
    const [first] = stories as [Story];
    const teamId = await first.teamId();
    const { id } = await first.done(`/v1/team/${teamId}/member`, { name: 'Ada', email: 'ada@example.com' });
    const path = `/v1/team/${teamId}/member/${id}/contact-method`;
    const method = await first.done(path, { type: 'email', address: 'ada@example.com' });
    await first.done(`${path}/${method.id}/verification`);
    const [mail] = await mailServer.waitFor(({ length }) => length === 1);
    await first.done(`${path}/${method.id}/verify`, { code: codeIn(mail!) });
    mailServer.mails.length = 0;

    const targets = [{ type: 'member', id }];
    const levels = [1, 2, 3].map(() => ({ delay: 2, targets }));
    const policy = await first.done('/v1/escalation-policy', { name: 'Three times', levels });
    const opened: Json[] = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        stories[index % stories.length]!.open({ name: `Incident ${index}`, escalation_policy_id: policy.id }),
      ),
    );
    const expected = ['triggered', 'escalated', 'escalated', 'escalation_exhausted'];
    for (const [index, incident] of opened.entries()) {
      const story = stories[(index + 1) % stories.length]!;
      await poll(async () => (await story.log(incident.id)).includes('escalation_exhausted'), { timeoutMs: 60_000 });
      assert.deepEqual(await story.log(incident.id), expected);
      const sent = await story.list(`/v1/incident/${incident.id}/notifications`, 'notifications');
      assert.equal(sent.length, levels.length);
    }
    await mailServer.waitFor(({ length }) => length >= opened.length * levels.length);
    assert.equal(mailServer.mails.length, opened.length * levels.length);
  });

  it('confirm each command to whoever gave it, and show it everywhere at once', async () => {
    const incident = await stories[0]!.open();
    const results = await Promise.all(
      Array.from({ length: 9 }, (_, index) => {
        const idempotencyKey = randomUUID();
        return poll(async () => {
          const path = `/v1/incident/${incident.id}/acknowledge`;
          const answer = await stories[index % stories.length]!.post(path, {}, { idempotencyKey });
          // Not confirmed in time: once more under its key.
          return answer.status !== 503 && answer;
        });
      }),
    );
    assert.equal(results.filter(({ status }) => status === 200).length, 1);
    assert.ok(results.every(({ status }) => status === 200 || status === 409));
    for (const story of stories)
      assert.equal((await story.request('GET', `/v1/incident/${incident.id}`)).status, 'acknowledged');
  });
});
