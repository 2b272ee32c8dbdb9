import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { createEmailChannel } from '../../src/notify/email.ts';
import { createChannels } from '../../src/notify/index.ts';
import { renderSlack } from '../../src/notify/slack.ts';
import { createWebhookChannel } from '../../src/notify/webhook.ts';
import { createPost } from '../../src/outbound/post.ts';
import { createSigningSecret } from '../../src/outbound/signature.ts';
import { createMailServer, type MailServer } from '../support/mail-server.ts';
import { sampleCode, samplePage, samplePageOf } from '../support/message.ts';
import { createReceiver } from '../support/receiver.ts';

const post = createPost({ allowedNetworks: ['127.0.0.0/8'] });

describe('notify/email', () => {
  const servers: MailServer[] = [];
  afterEach(async () => void (await Promise.all(servers.splice(0).map((server) => server.close()))));
  const start = async (...options: Parameters<typeof createMailServer>) => {
    const server = await createMailServer(...options);
    servers.push(server);
    return server;
  };
  const channelOf = (smtpUrl: string, timeoutMs?: number) =>
    createEmailChannel({
      smtpUrl,
      mailFrom: 'Tocsin <tocsin@example.com>',
      publicUrl: 'https://tocsin.example.com:8443/x',
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  const target = { type: 'email', address: 'ada@example.com' } as const;

  it('sends text and HTML, from and to, threaded by incident, and asks for no automatic answers', async () => {
    const server = await start();
    const page = samplePageOf({ number: 7, name: 'Zahlung hängt' });
    assert.equal((await channelOf(server.url).send(target, page, new Date())).error, null);
    const [mail] = server.mails;
    assert.deepEqual([mail!.from, mail!.to], ['tocsin@example.com', ['ada@example.com']]);
    assert.equal(mail!.headers.from, 'Tocsin <tocsin@example.com>');
    assert.equal(mail!.headers.to, 'ada@example.com');
    assert.match(mail!.headers.subject!, /^=\?UTF-8\?|^\[INC-7\] /);
    assert.equal(mail!.headers['message-id'], `<${page.id}@tocsin.example.com>`);
    assert.equal(mail!.headers.references, `<${page.snapshot.incident.id}@tocsin.example.com>`);
    assert.equal(mail!.headers['auto-submitted'], 'auto-generated');
    assert.match(mail!.text, /^\[INC-7\] Zahlung hängt\n\nIt is your turn/);
    assert.match(mail!.html, /<h1[^>]*>\[INC-7\] Zahlung hängt<\/h1>/);
  });

  it('gives no password to a server that offers no encryption', async () => {
    let logins = 0;
    const server = await start({
      hideSTARTTLS: true,
      allowInsecureAuth: true,
      onAuth(_auth, _session, callback) {
        logins += 1;
        callback(null, { user: 'tocsin' });
      },
    });
    const url = server.url.replace('smtp://', 'smtp://tocsin:hunter2@');
    const { error } = await channelOf(url).send(target, samplePage(), new Date());
    assert.match(error!, /^the mail server/);
    assert.ok(!error!.includes('hunter2'));
    assert.deepEqual([server.mails.length, logins], [0, 0]);
  });

  it('is over in time when the server hangs', async () => {
    const server = await start();
    server.behave({ hang: true });
    const startedAt = Date.now();
    const { error } = await channelOf(server.url, 300).send(target, samplePage(), new Date());
    assert.equal(error, 'the mail server did not answer in time');
    assert.ok(Date.now() - startedAt < 20_000);
  });

  it('is none without a mail server, and says so', async () => {
    const channels = createChannels({ post, publicUrl: 'https://tocsin.example.com' });
    assert.equal(channels.email, null);
    assert.equal((await channels.send(target, samplePage(), new Date())).error, 'mail is not set up');
  });
});

describe('notify/slack', () => {
  it('says everything in blocks, and again in text for those who know none', () => {
    const { text, blocks } = renderSlack(samplePageOf({ name: 'A & B <down>' }));
    assert.match(text, /^\*\[INC-1234\] A &amp; B &lt;down&gt;\*\n/);
    assert.match(text, /<https:\/\/tocsin\.example\.com\/link\/AAAA\|Acknowledge>/);
    assert.equal(blocks.map((block) => block.text.text).join('\n'), text);
  });

  it('keeps within what Slack takes of a section, without a cut entity', () => {
    const page = samplePageOf({ name: '<'.repeat(255), description: '<'.repeat(15_000) });
    const long = { ...page.snapshot, team: { ...page.snapshot.team, name: '>'.repeat(255) } };
    for (const message of [{ ...page, snapshot: long }, page, sampleCode])
      for (const { text } of renderSlack(message).blocks) {
        assert.ok(text.text.length <= 3_000, `${text.text.length}`);
        assert.doesNotMatch(text.text, /&[a-z]*…/);
      }
  });
});

describe('notify/webhook', () => {
  it('is signed, so that the public package verifies it', async () => {
    const receiver = await createReceiver();
    const secret = createSigningSecret();
    const page = samplePage();
    await createWebhookChannel(post).send({ type: 'webhook', url: receiver.url, secret }, page, new Date());
    const [request] = receiver.requests;
    const body = new Webhook(secret).verify(request!.body, request!.headers as Record<string, string>) as {
      type: string;
      data: { reason: string; incident: { reference: string }; links: object };
    };
    assert.deepEqual(
      [body.type, body.data.reason, body.data.incident.reference],
      ['notification', 'level', 'INC-1234'],
    );
    assert.deepEqual(body.data.links, page.links);
    assert.equal(request!.headers['webhook-id'], page.id);
    await receiver.close();
  });
});
