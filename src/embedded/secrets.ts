import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { z } from 'zod';
import { readJson, writePrivateJson } from './private-file.ts';
import { StartError } from './start-error.ts';

const schema = z.object({
  adminApiKey: z.string().min(32),
  secretKey: z.string().min(32),
  postgresPassword: z.string().min(16),
  /** A start that is cut short before it printed the key leaves that to the next one. */
  adminKeyShown: z.boolean(),
});

/** What `DATA_DIR/secrets.json` keeps: made at the first start, the same ever after. */
export type Secrets = z.infer<typeof schema>;

/**
 * Reads the secrets, making them at the first start. Throws `StartError` when the file was damaged, or is missing
 * although there is data that was made with it (`hasData`).
 */
export function loadSecrets(path: string, hasData = false): Secrets {
  const found = read(path);
  if (found === undefined && hasData) throw damaged(path, 'missing');
  if (found === undefined) {
    const made: Secrets = {
      adminApiKey: `tocsin_${randomBytes(32).toString('base64url')}`,
      secretKey: randomBytes(32).toString('base64url'),
      postgresPassword: randomBytes(24).toString('base64url'),
      adminKeyShown: false,
    };
    writePrivateJson(path, made);
    return made;
  }
  const parsed = schema.safeParse(found);
  if (!parsed.success) throw damaged(path, 'damaged');
  chmodSync(path, 0o600);
  return parsed.data;
}

/** Remembers that the admin key has been printed. */
export function markAdminKeyShown(path: string, secrets: Secrets): void {
  writePrivateJson(path, { ...secrets, adminKeyShown: true });
}

function read(path: string): unknown {
  try {
    return readJson(path);
  } catch {
    throw damaged(path, 'damaged');
  }
}

// Making new ones would lock everybody out of the database and of every encrypted value, so this stops instead.
function damaged(path: string, how: string): StartError {
  return new StartError(`${path} is ${how}. Put back a copy of it: without it the data beside it cannot be read.`);
}
