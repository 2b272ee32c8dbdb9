import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecrets, markAdminKeyShown } from '../../src/embedded/secrets.ts';
import { StartError } from '../../src/embedded/start-error.ts';

describe('embedded/secrets', () => {
  let room: string;
  let path: string;
  beforeEach(() => {
    room = mkdtempSync(join(tmpdir(), 'tocsin-secrets-'));
    path = join(room, 'secrets.json');
  });
  afterEach(() => rmSync(room, { recursive: true, force: true }));

  it('makes them once and keeps them for the owner alone', () => {
    const made = loadSecrets(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(made.adminApiKey.length >= 32 && made.secretKey.length >= 32);
    assert.equal(new Set([made.adminApiKey, made.secretKey, made.postgresPassword]).size, 3);
    assert.deepEqual(loadSecrets(path), made);
  });

  it('closes a file that was opened to others', () => {
    loadSecrets(path);
    chmodSync(path, 0o644);
    loadSecrets(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('remembers that the admin key was shown, and changes nothing else', () => {
    const made = loadSecrets(path);
    assert.equal(made.adminKeyShown, false);
    markAdminKeyShown(path, made);
    assert.deepEqual(loadSecrets(path), { ...made, adminKeyShown: true });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  for (const text of ['', '{', '{"adminApiKey":"short"}'])
    it(`never replaces a damaged file (${text || 'empty'})`, () => {
      writeFileSync(path, text);
      assert.throws(() => loadSecrets(path), StartError);
      assert.equal(statSync(path).size, text.length);
    });

  it('makes no new ones beside data that was made with others', () => {
    assert.throws(() => loadSecrets(path, true), /is missing/);
  });
});
