import assert from 'node:assert/strict';
import { createChannels } from '../../src/notify/index.ts';
import { createPost } from '../../src/outbound/post.ts';
import { faultyFields, startTestApi, type Json, type TestApi } from '../support/api.ts';
import { codeIn, createMailServer, type MailServer } from '../support/mail-server.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

const unknown = '01999999-0000-7000-8000-000000000000';

describe('contact methods', () => {
  let api: TestApi;
  let mailServer: MailServer;
  let receiver: Receiver;
  let teamId: string;

  before(async () => {
    mailServer = await createMailServer();
    receiver = await createReceiver();
    api = await startTestApi({
      channels: createChannels({
        post: createPost({ allowedNetworks: ['127.0.0.0/8'] }),
        smtpUrl: mailServer.url,
        mailFrom: 'tocsin@example.com',
        publicUrl: 'http://tocsin.test',
      }),
    });
    teamId = await api.defaultTeamId();
  });
  after(async () => {
    await api.close();
    await receiver.close();
    await mailServer.close();
  });
  beforeEach(() => {
    mailServer.mails.length = 0;
    receiver.requests.length = 0;
    receiver.behave({});
  });

  let count = 0;
  const memberPath = async (): Promise<string> => {
    const made = await api.post(`/v1/team/${teamId}/member`, { name: 'Ada', email: `m${count++}@example.com` });
    return `/v1/team/${teamId}/member/${made.body.id}`;
  };
  const add = async (member: string, json: object): Promise<Json> => {
    const made = await api.post(`${member}/contact-method`, json);
    assert.equal(made.status, 201, made.text);
    return made.body;
  };
  const mail = { type: 'email', address: 'ada@example.com' };
  const put = (path: string, json: unknown) => api.send('PUT', path, { json });
  /** As if the last code had been sent a minute ago. */
  const aMinuteLater = (id: string) => api.database.sql`
    UPDATE contact_methods SET code_sent_at = code_sent_at - interval '60 seconds' WHERE id = ${id}`;
  const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

  it('are added, shown, renamed and deleted, of each kind', async () => {
    const member = await memberPath();
    const made = [
      await add(member, mail),
      await add(member, { type: 'slack', name: 'Team room', url: 'https://127.0.0.1:9999/services/T0/B0/hunter2' }),
      await add(member, { type: 'webhook', url: `${receiver.url}?token=hunter2` }),
    ];
    assert.deepEqual(
      made.map(({ type, name, address, url, verified_at: verifiedAt }) => [type, name, address, url, verifiedAt]),
      [
        ['email', 'ada@example.com', 'ada@example.com', null, null],
        ['slack', 'Team room', null, 'https://127.0.0.1:9999', null],
        ['webhook', 'Webhook', null, new URL(receiver.url).origin, null],
      ],
    );
    assert.deepEqual(
      made.map(({ secret }) => secret !== null),
      [false, false, true],
    );
    assert.match(made[2].secret, /^whsec_/);

    const listed = await api.get(`${member}/contact-methods?limit=2`);
    const rest = await api.get(`${member}/contact-methods?limit=2&cursor=${listed.body.next_cursor}`);
    const shown = [...listed.body.contact_methods, ...rest.body.contact_methods];
    assert.deepEqual(
      shown.map(({ id }: Json) => id),
      made.map(({ id }) => id),
    );
    assert.doesNotMatch(listed.text + rest.text, /hunter2|whsec_|\/hook/);
    const stored = JSON.stringify(
      await api.database.sql`SELECT *, encode(sealed, 'escape') AS bytes FROM contact_methods`,
    );
    assert.doesNotMatch(stored, /hunter2|whsec_/);

    const path = `${member}/contact-method/${made[1].id}`;
    assert.deepEqual((await put(path, { name: 'Room' })).body, { ...shown[1], name: 'Room' });
    assert.deepEqual((await put(path, {})).body.name, 'Room');
    assert.deepEqual(faultyFields(await put(path, { name: '', url: 'https://example.com' })), ['name', 'url']);
    assert.equal((await api.send('DELETE', path)).status, 200);
    for (const method of ['GET', 'DELETE']) assert.equal((await api.send(method, path)).status, 404);
    const [gone] = await api.database.sql`SELECT address, sealed, origin FROM contact_methods WHERE id = ${made[1].id}`;
    assert.deepEqual(gone, { address: null, sealed: null, origin: null });
  });

  it('are refused with every faulty field, and for private addresses', async () => {
    const member = await memberPath();
    const faults = async (json: unknown) => faultyFields(await api.post(`${member}/contact-method`, json));
    assert.deepEqual(await faults({}), ['type']);
    assert.deepEqual(await faults({ type: 'sms', address: '1' }), ['type']);
    assert.deepEqual(await faults({ type: 'email', address: 'nobody', name: '', url: 'https://example.com' }), [
      'address',
      'name',
      'url',
    ]);
    assert.deepEqual(await faults({ type: 'email', address: 'a@example.com\r\nBcc: b@example.com' }), ['address']);
    for (const url of ['ftp://example.com', 'http://10.0.0.1/', 'http://169.254.169.254/', 'https://u:p@example.com'])
      assert.deepEqual(await faults({ type: 'slack', url }), ['url'], url);
    assert.deepEqual((await api.get(`${member}/contact-methods`)).body.contact_methods, []);
  });

  it('are at most ten of a member, however many are asked for at once', async () => {
    const member = await memberPath();
    const answers = await Promise.all(Array.from({ length: 12 }, () => api.post(`${member}/contact-method`, mail)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(10).fill(201), 409, 409]);
    assert.ok(answers.every(({ status, body }) => status === 201 || body.code === 'limit_reached'));
  });

  it('belong to their member alone', async () => {
    const [member, other] = [await memberPath(), await memberPath()];
    const { id } = await add(member, mail);
    const otherTeam = (await api.post('/v1/team', { name: 'Other' })).body.id;
    for (const path of [
      `${other}/contact-method/${id}`,
      `${member.replace(teamId, otherTeam)}/contact-method/${id}`,
      `${member}/contact-method/${unknown}`,
    ]) {
      for (const method of ['GET', 'DELETE'])
        assert.equal((await api.send(method, path)).status, 404, `${method} ${path}`);
      assert.equal((await put(path, { name: 'X' })).status, 404);
      assert.equal((await api.post(`${path}/verification`)).status, 404);
      assert.equal((await api.post(`${path}/verify`, { code: '000000' })).status, 404);
    }
    assert.equal((await api.get(`${member.replace(teamId, otherTeam)}/contact-methods`)).status, 404);
    assert.equal(mailServer.mails.length, 0);
  });

  it('are verified by the code that was sent to them, and give a member without rules some', async () => {
    const member = await memberPath();
    const { id } = await add(member, mail);
    const path = `${member}/contact-method/${id}`;
    assert.equal((await api.post(`${path}/verify`, { code: '000000' })).body.code, 'wrong_code', 'none was sent');
    assert.equal((await api.post(`${path}/verification`)).status, 200);
    const [received] = mailServer.mails;
    assert.deepEqual(received!.to, ['ada@example.com']);
    const code = codeIn(received!);
    const [row] = await api.database.sql`SELECT code_hash FROM contact_methods WHERE id = ${id}`;
    assert.ok(
      !Buffer.from(row!.codeHash as Uint8Array)
        .toString('latin1')
        .includes(code),
    );
    assert.deepEqual(faultyFields(await api.post(`${path}/verify`, { code: '12345' })), ['code']);
    assert.equal((await api.post(`${path}/verify`, { code: wrong(code) })).body.code, 'wrong_code');
    const verified = await api.post(`${path}/verify`, { code });
    assert.equal(verified.status, 200, verified.text);
    assert.ok(verified.body.verified_at);
    for (const again of [`${path}/verify`, `${path}/verification`])
      assert.equal((await api.post(again, { code })).body.code, 'already_verified');
    const rule = { delay: 0, contact_method_id: id };
    assert.deepEqual((await api.get(`${member}/notification-rules`)).body.rules, [
      { urgency: 'low', ...rule },
      { urgency: 'medium', ...rule },
      { urgency: 'high', ...rule },
    ]);

    const second = await add(member, { type: 'webhook', url: receiver.url });
    await api.post(`${member}/contact-method/${second.id}/verification`);
    const { code: secondCode } = JSON.parse(receiver.requests[0]!.body).data;
    assert.equal((await api.post(`${member}/contact-method/${second.id}/verify`, { code: secondCode })).status, 200);
    assert.equal((await api.get(`${member}/notification-rules`)).body.rules.length, 3, 'the member has rules by now');
  });

  it('get one code a minute, in place of the one before', async () => {
    const member = await memberPath();
    const { id } = await add(member, mail);
    const path = `${member}/contact-method/${id}`;
    const answers = await Promise.all([1, 2, 3].map(() => api.post(`${path}/verification`)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 429, 429]);
    const { body, headers } = answers.find(({ status }) => status === 429)!;
    assert.equal(body.code, 'rate_limited');
    const wait = Number(headers.get('Retry-After'));
    assert.ok(wait > 50 && wait <= 60, `${wait}`);
    assert.equal(mailServer.mails.length, 1);
    await aMinuteLater(id);
    assert.equal((await api.post(`${path}/verification`)).status, 200);
    const [first, second] = mailServer.mails.map(codeIn);
    if (first !== second) assert.equal((await api.post(`${path}/verify`, { code: first })).body.code, 'wrong_code');
    assert.equal((await api.post(`${path}/verify`, { code: second })).status, 200);
  });

  it('take ten guesses at a code, even all at once, and none after a quarter of an hour', async () => {
    const member = await memberPath();
    const { id } = await add(member, mail);
    const path = `${member}/contact-method/${id}`;
    const verify = (code: string) => api.post(`${path}/verify`, { code });
    await api.post(`${path}/verification`);
    const code = codeIn(mailServer.mails[0]!);
    await Promise.all(Array.from({ length: 9 }, () => verify(wrong(code))));
    const [row] = await api.database.sql`SELECT code_tries FROM contact_methods WHERE id = ${id}`;
    assert.equal(row!.codeTries, 9);
    await verify(wrong(code));
    assert.equal((await verify(code)).body.code, 'wrong_code', 'ten were made');

    await aMinuteLater(id);
    await api.post(`${path}/verification`);
    const fresh = codeIn(mailServer.mails[1]!);
    await api.database.sql`UPDATE contact_methods SET code_sent_at = now() - interval '901 seconds' WHERE id = ${id}`;
    assert.equal((await verify(fresh)).body.code, 'wrong_code', 'too old');
    await api.database.sql`UPDATE contact_methods SET code_sent_at = now() - interval '890 seconds' WHERE id = ${id}`;
    assert.equal((await verify(fresh)).status, 200);
  });

  it('say when a code could not be delivered', async () => {
    const member = await memberPath();
    const { id } = await add(member, { type: 'slack', url: receiver.url });
    receiver.behave({ status: 404, body: 'no_service' });
    const refused = await api.post(`${member}/contact-method/${id}/verification`);
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.detail],
      [409, 'not_delivered', 'The code could not be delivered: answered 404.'],
    );
  });

  it('are saved without a mail server, which is missed when a code is to be sent', async () => {
    const bare = await startTestApi();
    const member = (
      await bare.post(`/v1/team/${await bare.defaultTeamId()}/member`, { name: 'A', email: 'a@example.com' })
    ).body;
    const path = `/v1/team/${member.team_id}/member/${member.id}/contact-method`;
    const { status, body } = await bare.post(path, mail);
    assert.equal(status, 201);
    for (let time = 0; time < 2; time += 1) {
      const refused = await bare.post(`${path}/${body.id}/verification`);
      assert.deepEqual([refused.status, refused.body.code], [409, 'mail_not_set_up']);
    }
    await bare.close();
  });

  it('stay while a rule uses them, and go with their member', async () => {
    const member = await memberPath();
    const { id } = await add(member, mail);
    const rules = [{ urgency: 'high', delay: 300, contact_method_id: id }];
    assert.equal((await put(`${member}/notification-rules`, { rules })).status, 200);
    const refused = await api.send('DELETE', `${member}/contact-method/${id}`);
    assert.deepEqual([refused.status, refused.body.code], [409, 'still_referenced']);
    assert.deepEqual(refused.body.references, [{ type: 'notification_rule', id: null, name: 'high, after 300 s' }]);
    assert.equal((await api.send('DELETE', member)).status, 200);
    const left = await api.database.sql`
      SELECT address FROM contact_methods WHERE id = ${id} AND (deleted_at IS NULL OR address IS NOT NULL)`;
    assert.equal(left.length, 0);
    assert.equal((await api.database.sql`SELECT 1 FROM notification_rules WHERE contact_method_id = ${id}`).length, 0);
  });

  describe('notification rules', () => {
    it('are replaced as a whole, in the order given', async () => {
      const member = await memberPath();
      const { id } = await add(member, mail);
      const path = `${member}/notification-rules`;
      assert.deepEqual((await api.get(path)).body, { rules: [] });
      const rules = [
        { urgency: 'low', delay: 86_400, contact_method_id: id },
        { urgency: 'high', delay: 300, contact_method_id: id },
        { urgency: 'high', delay: 0, contact_method_id: id },
      ];
      for (const given of [rules, rules.slice(1), []]) {
        assert.deepEqual((await put(path, { rules: given })).body, { rules: given });
        assert.deepEqual((await api.get(path)).body, { rules: given });
      }
    });

    it('are refused with every fault, and then the old ones stay', async () => {
      const [member, other] = [await memberPath(), await memberPath()];
      const [own, foreign] = [await add(member, mail), await add(other, mail)];
      const path = `${member}/notification-rules`;
      const rule = { urgency: 'high', delay: 0, contact_method_id: own.id };
      await put(path, { rules: [rule] });
      const faults = async (rules: unknown) => faultyFields(await put(path, { rules }));
      assert.deepEqual(faultyFields(await put(path, {})), ['rules']);
      assert.deepEqual(
        await faults([
          { ...rule, urgency: 'dire' },
          { ...rule, delay: -1 },
          { ...rule, delay: 86_401 },
          { ...rule, more: 1 },
        ]),
        ['rules[0].urgency', 'rules[1].delay', 'rules[2].delay', 'rules[3].more'],
      );
      assert.deepEqual(await faults([rule, { ...rule, delay: 1.5 }]), ['rules[1].delay']);
      assert.deepEqual(await faults([rule, rule, { ...rule, contact_method_id: own.id.toUpperCase() }]), [
        'rules[1]',
        'rules[2]',
      ]);
      assert.deepEqual(
        await faults([rule, { ...rule, contact_method_id: foreign.id }, { ...rule, contact_method_id: unknown }]),
        ['rules[1].contact_method_id', 'rules[2].contact_method_id'],
      );
      assert.deepEqual(await faults(Array.from({ length: 31 }, (_, delay) => ({ ...rule, delay }))), ['rules']);
      assert.deepEqual((await api.get(path)).body, { rules: [rule] });
    });
  });
});
