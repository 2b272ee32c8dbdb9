import assert from 'node:assert/strict';
import { contactMethodTypes, type ContactTarget } from '../../src/domain/notification/contact-method.ts';
import { createChannels, type Channels } from '../../src/notify/index.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createSigningSecret } from '../../src/outbound/signature.ts';
import { createMailServer, type MailServer } from '../support/mail-server.ts';
import { sampleCode, sampleLinks, samplePage, samplePageOf } from '../support/message.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

const at = new Date('2026-04-16T14:47:03.500Z');
const hostile = '<script>alert(1)</script> <!channel> "&\r\nBcc: all@example.com\r\n\r\n.\r\n';

/** What every channel keeps to; a new one is tested here as soon as it has a target below. */
describe('every notification channel', () => {
  let mailServer: MailServer;
  let receiver: Receiver;
  let channels: Channels;
  let targets: Record<ContactTarget['type'], ContactTarget>;
  const secret = createSigningSecret();

  beforeEach(async () => {
    mailServer = await createMailServer();
    receiver = await createReceiver();
    const post = createPost({ allowedNetworks: ['127.0.0.0/8'] });
    channels = createChannels({
      post,
      smtpUrl: mailServer.url,
      mailFrom: 'Tocsin <tocsin@example.com>',
      publicUrl: 'https://tocsin.example.com',
    });
    targets = {
      email: { type: 'email', address: 'ada@example.com' },
      slack: { type: 'slack', url: receiver.url },
      webhook: { type: 'webhook', url: receiver.url, secret },
    };
  });
  afterEach(async () => {
    await mailServer.close();
    await receiver.close();
  });

  /** What arrived, as people or programs read it. */
  const arrived = () => [
    ...mailServer.mails.flatMap(({ text, html }) => [text, html.replaceAll('&amp;', '&')]),
    ...receiver.requests.map(({ body }) => body),
  ];
  const repeatIds = () => [
    ...mailServer.mails.map(({ headers }) => headers['message-id']),
    ...receiver.requests.map(({ headers }) => headers['webhook-id']),
  ];

  it('is listed here', () => assert.deepEqual(Object.keys(targets).sort(), [...contactMethodTypes].sort()));

  for (const type of contactMethodTypes) {
    it(`${type} says what there is to know, with both links`, async () => {
      const { error, durationMs } = await channels.send(targets[type], samplePage(), at);
      assert.equal(error, null);
      assert.ok(durationMs >= 0 && durationMs < 5_000);
      assert.ok(arrived().length > 0);
      for (const text of arrived())
        for (const part of ['INC-1234', 'Production API — Status code 503', 'Acme Corp', ...Object.values(sampleLinks)])
          assert.ok(text.includes(part), `${part} in ${text}`);
    });

    it(`${type} brings a code`, async () => {
      assert.equal((await channels.send(targets[type], sampleCode, at)).error, null);
      for (const text of arrived()) assert.ok(text.includes('042137'));
    });

    it(`${type} repeats under the same id`, async () => {
      await channels.send(targets[type], samplePage(), at);
      await channels.send(targets[type], samplePage(), new Date(at.getTime() + 60_000));
      assert.equal(arrived().length, type === 'email' ? 4 : 2);
      const ids = repeatIds();
      assert.equal(new Set(ids).size, 1);
      // Slack's kind of webhook has no word for it.
      if (type !== 'slack') assert.ok(ids[0]!.includes(samplePage().id));
    });

    it(`${type} takes any name and text for what it is`, async () => {
      const page = samplePageOf({ name: hostile, description: hostile.repeat(300) });
      assert.equal((await channels.send(targets[type], { ...page, memberName: hostile }, at)).error, null);
      assert.equal((await channels.send(targets[type], { ...sampleCode, organisationName: hostile }, at)).error, null);
      assert.ok(mailServer.mails.every(({ to }) => to.join() === 'ada@example.com'));
      assert.ok(mailServer.mails.every(({ headers }) => headers.bcc === undefined));
      assert.ok(mailServer.mails.every(({ html }) => !html.includes('<script>')));
      if (type === 'slack') for (const { body } of receiver.requests) assert.doesNotMatch(body, /<!channel|<script/);
      if (type !== 'email') for (const { body } of receiver.requests) assert.ok(Buffer.byteLength(body) < 40_000);
    });

    it(`${type} says why it failed, and nothing secret`, async () => {
      mailServer.behave({ refuse: 550 });
      receiver.behave({ status: 500, body: 'a secret' });
      const { error } = await channels.send(targets[type], samplePage(), at);
      assert.match(error!, type === 'email' ? /^the mail server answered 550$/ : /^answered 500$/);
    });

    it(`${type} never throws when nobody is there`, async () => {
      await mailServer.close();
      await receiver.close();
      const { error } = await channels.send(targets[type], samplePage(), at);
      assert.match(error!, /cannot be reached|refused/);
    });
  }

  for (const type of ['slack', 'webhook'] as const)
    it(`${type} goes nowhere private`, async () => {
      const guarded = createChannels({
        post: createPost({ allowedNetworks: [] }),
        publicUrl: 'https://tocsin.example.com',
      });
      const { error } = await guarded.send(targets[type], samplePage(), at);
      assert.match(error!, /must not lead to a private or reserved address/);
      assert.equal(receiver.requests.length, 0);
    });
});
