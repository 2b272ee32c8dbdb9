import { createCipheriv, createDecipheriv, createHmac, randomBytes, scryptSync } from 'node:crypto';

/** Encrypts what must be read back later: signing secrets and custom headers. */
export interface Sealer {
  /** `context` is the id of the row the value belongs to: a value copied to another row does not open there. */
  seal(plain: string, context: string): Buffer;
  /** Throws when the key, the context or a single bit differs. */
  open(sealed: Uint8Array, context: string): string;
  /** 32 bytes that are equal for equal texts, and tell nobody without the key which text it was. */
  digest(plain: string): Buffer;
}

/** First byte of every sealed value; another algorithm or derivation gets the next number. */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM with a random nonce for each value: version, nonce, tag, ciphertext. Deriving the key takes about 50 ms. */
export function createSealer(secretKey: string): Sealer {
  // A fixed salt: the setting is a long random key, and every process must derive the same one.
  const key = scryptSync(secretKey, 'tocsin sealed values, version 1', 32);
  const digestKey = createHmac('sha256', key).update('tocsin digests, version 1').digest();

  return {
    seal(plain, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes)
        throw new Error('A sealed value is malformed or of a newer release');
      const nonce = bytes.subarray(1, 1 + nonceBytes);
      const tag = bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      const text = bytes.subarray(1 + nonceBytes + tagBytes);
      try {
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
      } catch {
        throw new Error(
          'A sealed value does not open: SECRET_KEY differs from the one that sealed it, or the row was changed',
        );
      }
    },
    digest: (plain) => createHmac('sha256', digestKey).update(plain).digest(),
  };
}
