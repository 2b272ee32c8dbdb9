import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ConfigError, loadConfig, settingNames } from '../src/config.ts';

describe('config', () => {
  it('has a default for everything, as .env.example says', () => {
    assert.deepEqual(loadConfig(exampleSettings()), loadConfig({}));
  });

  it('is described in .env.example, setting by setting', () => {
    assert.deepEqual(Object.keys(exampleSettings()).sort(), [...settingNames].sort());
  });

  it('takes an empty value for none', () => {
    assert.deepEqual(loadConfig(Object.fromEntries(settingNames.map((name) => [name, '']))), loadConfig({}));
  });

  it('names every malformed and every missing setting at once, and repeats no value', () => {
    const malformed = {
      PORT: '80a',
      DATABASE_URL: 'mysql://user:hunter2@host/db',
      TEMPORAL_ADDRESS: 'http://host',
      TEMPORAL_UI_PORT: '65536',
      ADMIN_API_KEY: 'hunter2',
      SECRET_KEY: 'hunter2',
      PUBLIC_URL: 'javascript:hunter2',
      API_ROLES: 'query,hunter2',
      OUTBOUND_ALLOWED_NETWORKS: '10.0.0.0/8,hunter2',
      TRUSTED_PROXIES: '10.0.0.0/33',
      SMTP_URL: 'hunter2',
      LOG_LEVEL: 'hunter2',
    };
    const error = rejection(() => loadConfig(malformed, ['MAIL_FROM', 'TEMPORAL_BIN']));
    for (const name of Object.keys(malformed))
      assert.ok(
        error.problems.some((problem) => problem.startsWith(`${name} must be`)),
        name,
      );
    assert.equal(error.problems.length, Object.keys(malformed).length + 2);
    assert.ok(error.problems.includes('MAIL_FROM is required here'));
    assert.ok(!error.message.includes('hunter2'));
  });

  it('takes a mail server only whole: a URL of a host, and a sender that is one address', () => {
    const from = { MAIL_FROM: 'tocsin@example.com' };
    for (const SMTP_URL of [
      'smtp://mail.example.com',
      'smtps://mail.example.com:465/',
      'smtp://tocsin%40example.com:hunter%2F2@mail.example.com:587',
    ])
      assert.equal(loadConfig({ ...from, SMTP_URL }).smtpUrl, SMTP_URL);
    for (const SMTP_URL of [
      'smtp://',
      'http://mail.example.com',
      'smtp://mail.example.com?tls.rejectUnauthorized=false',
      'smtp://mail.example.com/hunter2',
      'smtp://:hunter2@mail.example.com',
      'smtp://u:hunter2%@mail.example.com',
      'smtp://u:hunter/2@mail.example.com',
      'smtp://mail.example.com:99999',
    ]) {
      const { problems, message } = rejection(() => loadConfig({ ...from, SMTP_URL }));
      assert.equal(problems.length, 1, SMTP_URL);
      assert.match(problems[0]!, /^SMTP_URL must be/);
      assert.ok(!message.includes('hunter'));
    }
    for (const MAIL_FROM of ['tocsin@example.com', 'Tocsin <tocsin@example.com>', '<tocsin@example.com>'])
      assert.equal(loadConfig({ MAIL_FROM }).mailFrom, MAIL_FROM);
    for (const MAIL_FROM of [
      'tocsin',
      'a@example.com, b@example.com',
      'A\r\nBcc: <a@example.com>',
      'A <a>',
      '<a@b.c> x',
    ])
      assert.match(rejection(() => loadConfig({ MAIL_FROM })).message, /MAIL_FROM must be/, MAIL_FROM);
    const { problems } = rejection(() => loadConfig({ SMTP_URL: 'smtp://mail.example.com' }));
    assert.deepEqual(problems, ['MAIL_FROM is required with SMTP_URL']);
  });

  it('keeps what was given', () => {
    const config = loadConfig({
      PORT: '9000',
      PUBLIC_URL: 'https://tocsin.example/',
      API_ROLES: 'gateway, query',
      OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8, ::1',
    });
    assert.equal(config.port, 9000);
    assert.equal(config.publicUrl, 'https://tocsin.example');
    assert.deepEqual(config.apiRoles, ['gateway', 'query']);
    assert.deepEqual(config.outboundAllowedNetworks, ['127.0.0.0/8', '::1']);
    assert.equal(loadConfig({ PORT: '9000' }).publicUrl, 'http://localhost:9000');
  });
});

function rejection(load: () => unknown): ConfigError {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error;
  }
  throw new assert.AssertionError({ message: 'the settings were accepted' });
}

function exampleSettings(): Record<string, string> {
  const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
