import { createHash, randomUUID } from 'node:crypto';
import type { Logger } from '../logger.ts';
import { type Origin, setOrigin } from '../stores/audit-log.ts';
import type { Claim, IdempotencyKeyStore } from '../stores/idempotency-keys.ts';
import type { Sealer } from '../stores/sealed.ts';
import type { Sql, Transaction } from '../stores/sql.ts';
import { uuidOf } from '../stores/uuid-of.ts';
import { invalidField, isSerialisationFailure, problems, refusalOf } from './errors.ts';
import type { Outcome, RouteContext } from './route.ts';

/** How a handler acts: in a transaction, or under a command id that repeats share. */
export type Effects = Pick<RouteContext, 'transaction' | 'commandId'>;

/** Turns a handler's outcome into what is sent, and throws when it does not fit its declaration. */
export type Render = (outcome: Outcome) => Rendered;

export interface Rendered {
  status: number;
  body: string;
}

export interface IdempotentRequest {
  origin: Origin;
  /** The header as it came. */
  header: string;
  method: string;
  path: string;
  bytes: Buffer;
}

export interface Idempotency {
  /** Acts once for a key: repeats get the first outcome again. Refused and failed requests leave no outcome behind. */
  run(
    request: IdempotentRequest,
    render: Render,
    act: (effects: Effects) => Promise<Outcome>,
  ): Promise<Rendered & { replayed: boolean }>;
}

export function createIdempotency(sql: Sql, keys: IdempotencyKeyStore, sealer: Sealer, logger: Logger): Idempotency {
  return {
    async run({ origin, header, method, path, bytes }, render, act) {
      const { organisationId, apiKeyId } = origin;
      const name = parseIdempotencyKey(header);
      const fingerprint = createHash('sha256').update(`${method}\0${path}\0`).update(bytes).digest();
      const claimed = await keys.claim(organisationId, apiKeyId, name, fingerprint);
      // An outcome can hold a secret that is shown once, so it is sealed.
      const context = `${apiKeyId}:${name}`;
      if (claimed.type === 'done') {
        const { status, body } = claimed.outcome;
        return { status, body: sealer.open(Buffer.from(body, 'base64'), context), replayed: true };
      }

      const { claim } = claimed;
      const keep = ({ status, body }: Rendered, tx?: Transaction) =>
        keys.complete(claim, { status, body: sealer.seal(body, context).toString('base64') }, tx);
      let stored = false;
      const effects: Effects = {
        commandId: (purpose) => uuidOf(`${apiKeyId}:${name}:${claim.createdAt}:${purpose}`),
        async transaction(effect) {
          const outcome = await inTransaction(sql, origin, async (tx) => {
            const result = await effect(tx);
            await keep(render(result), tx);
            return result;
          });
          stored = true;
          return outcome;
        },
      };
      try {
        const outcome = render(await act(effects));
        // The effect stands even when its outcome cannot be stored: a repeat finds it by its command id.
        if (!stored) await keep(outcome).catch((error) => logger.warn({ err: error }, 'outcome not kept'));
        return { ...outcome, replayed: false };
      } catch (error) {
        if (!stored) await letGo(claim, error);
        throw error;
      }
    },
  };

  async function letGo(claim: Claim, error: unknown): Promise<void> {
    const refusal = refusalOf(error);
    const isRefused = refusal !== undefined && problems[refusal.code].status < 500;
    await (isRefused ? keys.forget(claim) : keys.release(claim)).catch((failure) =>
      logger.warn({ err: failure }, 'idempotency key stays locked until its lease ends'),
    );
  }
}

/** For requests without a key: nothing to replay, and ids of their own. */
export function effectsOnce(sql: Sql, origin: Origin | null): Effects {
  const request = randomUUID();
  return {
    transaction: (effect) => inTransaction(sql, origin, effect),
    commandId: (purpose) => uuidOf(`${request}:${purpose}`),
  };
}

/** Reads the header, bare or as the quoted string of RFC 9651. Throws `Refusal` for an unusable one. */
export function parseIdempotencyKey(header: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header.trim());
  const key = quoted?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? header.trim();
  if (!/^[\x20-\x7e]{1,255}$/.test(key))
    throw invalidField('header.Idempotency-Key', 'must be 1 to 255 printable ASCII characters');
  return key;
}

async function inTransaction<Result>(
  sql: Sql,
  origin: Origin | null,
  effect: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const begun = async (tx: Transaction) => {
    if (origin) await setOrigin(tx, origin);
    return effect(tx);
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return (await sql.begin(begun)) as Result;
    } catch (error) {
      if (attempt === 3 || !isSerialisationFailure(error)) throw error;
    }
  }
}
