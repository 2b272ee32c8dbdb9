import assert from 'node:assert/strict';
import { verificationSchemes, verificationTypes } from '../../../src/inbound/verification/index.ts';
import { testSenders, type TestSender } from '../../support/signed-request.ts';

const now = Date.parse('2026-11-21T05:09:43.500Z');
const at = Math.floor(now / 1_000);
const body = '{"status":"down","text":"Größe 🔔"}';

function verify(
  { verification }: TestSender,
  headers: Record<string, string | string[]>,
  sent: string | Buffer = body,
  time = now,
) {
  const { type, secret, username, timestamp_header: timestampHeader } = verification;
  const settings = { secret, username, timestampHeader: timestampHeader?.toLowerCase() };
  return verificationSchemes[type].verify({ headers, body: Buffer.from(sent) }, settings, time);
}

describe('every verification scheme', () => {
  it('has a sender in this test', () => {
    assert.deepEqual(
      new Set(Object.values(testSenders).map(({ verification }) => verification.type)),
      new Set(verificationTypes),
    );
    for (const type of verificationTypes) assert.equal(verificationSchemes[type].name, type);
  });

  for (const [name, sender] of Object.entries(testSenders)) {
    const { type, secret } = sender.verification;
    const signsBody = type !== 'bearer' && type !== 'basic';
    const isTimed = type === 'standard-webhooks' || sender.verification.timestamp_header !== undefined;
    const headers = sender.sign(body, at);
    const other = type === 'standard-webhooks' ? `whsec_${Buffer.alloc(32, 8).toString('base64')}` : `${secret}x`;

    describe(name, () => {
      it('believes a genuine request', () => {
        assert.equal(verify(sender, headers), null);
        assert.equal(verify(sender, sender.sign('', at), ''), null, 'without a body');
      });

      it('takes its own secret, and no weak or unreadable one', () => {
        const { secretProblem } = verificationSchemes[type];
        assert.equal(secretProblem(secret), null);
        for (const weak of ['', 'short', 'with\nnewline', 'Größe in Umlauten', 'whsec_', '\0'.repeat(40)])
          assert.match(secretProblem(weak) ?? '', /^must /, JSON.stringify(weak));
      });

      it('names what is missing', () => {
        for (const header of Object.keys(headers)) {
          const { [header]: left, ...rest } = headers;
          assert.ok(left);
          assert.match(verify(sender, rest) ?? '', new RegExp(`^${header} is missing$`, 'i'));
          assert.match(verify(sender, { ...rest, [header]: '' }) ?? '', / is missing$/);
        }
      });

      it('refuses another secret, a changed body, and anything that only looks like it', () => {
        assert.ok(verify(sender, sender.sign(body, at, other)));
        if (signsBody) {
          assert.ok(verify(sender, headers, `${body} `));
          assert.ok(verify(sender, headers, ''));
          assert.ok(verify(sender, sender.sign('', at)));
        }
        for (const [header, value] of Object.entries(headers)) {
          const others = [
            value.slice(0, -1),
            `${value}0`,
            value.slice(1),
            value.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
            'null',
            '=',
            ',',
            ' '.repeat(8_000),
            'v1,',
            'v1=',
            'sha256=',
            'Bearer',
            'Basic Og==',
            'Basic ',
            `${'v1,x '.repeat(2_000)}`,
            '\u00ff'.repeat(64),
            '0'.repeat(64),
          ];
          if (header.endsWith('-id')) others.splice(9);
          // Base64 without its padding says the same.
          if (type === 'basic') others.splice(0, 4);
          for (const given of others)
            assert.ok(verify(sender, { ...headers, [header]: given }), `${header}: ${given.slice(0, 40)}`);
          // Of Authorization, Node takes the first alone.
          if (header !== 'authorization') assert.ok(verify(sender, { ...headers, [header]: [value, value] }), 'a list');
        }
      });

      it('tells nothing of the secret', () => {
        for (const given of [{}, { authorization: 'x' }, sender.sign(body, at, other)])
          for (const part of [secret, secret.slice(0, 8), Buffer.from(secret).toString('base64')])
            assert.equal(verify(sender, given)?.includes(part), false);
      });

      if (isTimed)
        it('believes it for five minutes, and as far ahead', () => {
          for (const seconds of [-300, -1, 0, 1, 300])
            assert.equal(verify(sender, sender.sign(body, at + seconds)), null, String(seconds));
          assert.match(verify(sender, sender.sign(body, at - 301)) ?? '', /more than 300 seconds old$/);
          assert.match(verify(sender, sender.sign(body, at + 301)) ?? '', /more than 300 seconds ahead$/);
          for (const odd of [NaN, Infinity, -1, 1.5, 1e21, at * 1_000])
            assert.ok(verify(sender, sender.sign(body, odd)), String(odd));
        });
      else
        it('keeps no time', () => {
          assert.equal(verify(sender, headers, body, 0), null);
        });
    });
  }
});

describe('signatures while a secret is being replaced', () => {
  const sender = (name: string) => testSenders[name]!;
  const anothers = (name: string) => {
    const secret = name === 'standard-webhooks' ? `whsec_${Buffer.alloc(32, 9).toString('base64')}` : 'the next secret';
    return Object.values(sender(name).sign(body, at, secret)).at(-1)!;
  };

  it('may be several in Standard Webhooks, of other versions too', () => {
    const headers = sender('standard-webhooks').sign(body, at);
    const signature = headers['webhook-signature']!;
    const several = `v1a,abc ${anothers('standard-webhooks')} ${signature}`;
    assert.equal(verify(sender('standard-webhooks'), { ...headers, 'webhook-signature': several }), null);
    const late = `${'v1,x '.repeat(16)}${signature}`;
    assert.ok(verify(sender('standard-webhooks'), { ...headers, 'webhook-signature': late }), 'not without end');
    const version = signature.replace('v1,', 'v2,');
    assert.ok(verify(sender('standard-webhooks'), { ...headers, 'webhook-signature': version }));
  });

  it('may come under the names of Svix', () => {
    const headers = sender('standard-webhooks').sign(body, at);
    const svix = Object.fromEntries(
      Object.entries(headers).map(([k, value]) => [k.replace('webhook-', 'svix-'), value]),
    );
    assert.equal(verify(sender('standard-webhooks'), svix), null);
    assert.equal(verify(sender('standard-webhooks'), { ...svix, 'svix-id': '' }), 'svix-id is missing');
  });

  it('may be several in PagerDuty', () => {
    const signature = sender('pagerduty').sign(body, at)['x-pagerduty-signature']!;
    const several = `${anothers('pagerduty')}, v0=abc,${signature.toUpperCase().replace('V1', 'v1')}`;
    assert.equal(verify(sender('pagerduty'), { 'x-pagerduty-signature': several }), null);
    assert.ok(verify(sender('pagerduty'), { 'x-pagerduty-signature': `${'v1=x,'.repeat(16)}${signature}` }));
  });
});
