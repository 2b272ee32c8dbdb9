import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { createKeyText, hasKeyChecksum, keyPrefix } from '../../src/stores/api-key-text.ts';

describe('the text of API keys', () => {
  const keys = Array.from({ length: 500 }, () => createKeyText());

  it('is never the same, and looks as the guide tells secret scanners', async () => {
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(new Set(keys.map(keyPrefix)).size, keys.length);
    const guide = await readFile(new URL('../../docs/guides/api-keys.md', import.meta.url), 'utf8');
    const pattern = /```regexp?\n(.+)\n```/.exec(guide)?.[1];
    assert.ok(pattern, 'the guide has the pattern');
    for (const key of keys) assert.equal(new RegExp(pattern).exec(`KEY="${key}", `)?.[0], key);
    // So many keys have every digit in nearly every place.
    for (let at = 8; at < 50; at++) assert.ok(new Set(keys.map((key) => key[at])).size > 50, `place ${at}`);
  });

  it('ends with the CRC-32 of the rest in base 62', () => {
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    for (const key of keys) {
      assert.ok(hasKeyChecksum(key));
      const number = [...key.slice(-6)].reduce((value, digit) => value * 62 + digits.indexOf(digit), 0);
      assert.equal(number, crc32(key.slice(0, -6)));
    }
    // Worked out with Python's zlib.
    assert.ok(hasKeyChecksum(`tocsin_${'0'.repeat(43)}3rkoKO`));
  });

  it('shows a slip of the pen, and is not asked of other keys', () => {
    for (const key of keys.slice(0, 20))
      for (const at of [7, 30, 49, 55])
        assert.equal(hasKeyChecksum(key.slice(0, at) + (key[at] === 'x' ? 'y' : 'x') + key.slice(at + 1)), false);
    for (const other of [
      '',
      'tocsin_',
      `tocsin_${'x'.repeat(43)}`,
      `${keys[0]} `,
      'an-admin-key-of-32-characters-or-more',
    ])
      assert.equal(hasKeyChecksum(other), false);
  });
});
