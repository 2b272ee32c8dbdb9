import { v7 as uuid } from 'uuid';
import {
  codeInterval,
  codeValidity,
  type ContactMethodType,
  type ContactTarget,
  mostCodeTries,
  mostContactMethods,
} from '../domain/notification/contact-method.ts';
import { createSigningSecret } from '../outbound/signature.ts';
import { type Origin, setOrigin } from './audit-log.ts';
import { forgetNotificationRules, insertDefaultRules, lockMember } from './notification-rules.ts';
import { type Reference, referencesToContactMethod } from './references.ts';
import { openTarget, type SealedTarget } from './sealed-target.ts';
import type { Sealer } from './sealed.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

/** A way to reach a member. Its URL and its signing secret are not part of it. */
export interface ContactMethod {
  id: string;
  memberId: string;
  type: ContactMethodType;
  name: string;
  /** Of mail; otherwise null. */
  address: string | null;
  /** Of the URL, where it has one. */
  origin: string | null;
  verifiedAt: string | null;
  createdAt: string;
}

export type NewContactMethod = { name: string } & (
  { type: 'email'; address: string } | { type: 'slack' | 'webhook'; url: string }
);

/** A code to send, and where to. */
export interface CodeToSend {
  target: ContactTarget;
  memberName: string;
  organisationName: string;
}

/** Why no code is sent, or none is taken. `waitSeconds`: the last one was sent just now. */
export type CodeRefusal = 'unknown' | 'already_verified' | { waitSeconds: number };

/** Deleted methods, and those of deleted members, are unknown to every function. */
export interface ContactMethodStore {
  /** Makes the signing secret of a webhook too and answers it, once; stored it is sealed, as the URL is. */
  create(
    organisationId: string,
    teamId: string,
    memberId: string,
    method: NewContactMethod,
    tx: Transaction,
  ): Promise<(ContactMethod & { secret: string | null }) | 'unknown_member' | 'full'>;
  get(organisationId: string, memberId: string, id: string): Promise<ContactMethod | undefined>;
  /** Oldest first; `after` is the id of the last one seen. */
  list(
    organisationId: string,
    memberId: string,
    page: { limit: number; after?: string | undefined },
  ): Promise<ContactMethod[]>;
  /** What stays undefined stays as it is. */
  update(
    organisationId: string,
    memberId: string,
    id: string,
    change: { name?: string | undefined },
    tx: Queryable,
  ): Promise<ContactMethod | undefined>;
  /** Answers the rules that use it: only when there are none it is deleted, and where it led is forgotten. */
  remove(organisationId: string, memberId: string, id: string, tx: Transaction): Promise<Reference[] | undefined>;
  /** Makes `code` the one to give back, in place of an earlier one. */
  beginVerification(
    organisationId: string,
    memberId: string,
    id: string,
    code: string,
  ): Promise<CodeToSend | CodeRefusal>;
  /**
   * Verifies the method when this is its code. Every wrong guess is counted, and the code is of no use after ten; the
   * first method of a member who has no rules gets some.
   */
  verify(
    organisationId: string,
    memberId: string,
    id: string,
    code: string,
    origin?: Origin,
  ): Promise<ContactMethod | 'unknown' | 'already_verified' | 'wrong_code'>;
}

export function createContactMethodStore(sql: Sql, sealer: Sealer): ContactMethodStore {
  const columns = sql`id, member_id, type, name, address, origin, verified_at, created_at`;
  const own = (organisationId: string, memberId: string, id: string) => sql`
    organisation_id = ${organisationId} AND member_id = ${memberId} AND id = ${id} AND deleted_at IS NULL`;
  const digestOf = (id: string, code: string) => sealer.digest(`contact method ${id} ${code}`);

  return {
    async create(organisationId, teamId, memberId, method, tx) {
      if (!(await lockMember(tx, organisationId, memberId, teamId))) return 'unknown_member';
      const [found] = await tx<{ count: number }[]>`
        SELECT count(*) FROM contact_methods
        WHERE organisation_id = ${organisationId} AND member_id = ${memberId} AND deleted_at IS NULL`;
      if (found!.count >= mostContactMethods) return 'full';
      const id = uuid();
      const { type, name } = method;
      const secret = type === 'webhook' ? createSigningSecret() : null;
      const { address, url } = method.type === 'email' ? { ...method, url: null } : { ...method, address: null };
      const sealed = url === null ? null : sealer.seal(JSON.stringify({ url, secret } satisfies SealedTarget), id);
      const origin = url === null ? null : new URL(url).origin;
      const [row] = await tx<ContactMethod[]>`
        INSERT INTO contact_methods (id, organisation_id, member_id, type, name, address, sealed, origin)
        VALUES (${id}, ${organisationId}, ${memberId}, ${type}, ${name}, ${address}, ${sealed}, ${origin})
        RETURNING ${columns}`;
      return { ...row!, secret };
    },

    async get(organisationId, memberId, id) {
      const [row] = await sql<ContactMethod[]>`
        SELECT ${columns} FROM contact_methods WHERE ${own(organisationId, memberId, id)}`;
      return row;
    },

    list: (organisationId, memberId, { limit, after }) => sql<ContactMethod[]>`
      SELECT ${columns} FROM contact_methods
      WHERE organisation_id = ${organisationId} AND member_id = ${memberId} AND deleted_at IS NULL
        ${after === undefined ? sql`` : sql`AND id > ${after}`}
      ORDER BY id LIMIT ${limit}`,

    async update(organisationId, memberId, id, { name }, tx) {
      const [row] = await tx<ContactMethod[]>`
        UPDATE contact_methods SET name = coalesce(${name ?? null}, name)
        WHERE ${own(organisationId, memberId, id)} RETURNING ${columns}`;
      return row;
    },

    async remove(organisationId, memberId, id, tx) {
      // Whoever gives the member a rule holds the member too.
      if (!(await lockMember(tx, organisationId, memberId))) return undefined;
      const [method] = await tx`SELECT id FROM contact_methods WHERE ${own(organisationId, memberId, id)}`;
      if (!method) return undefined;
      const references = await referencesToContactMethod(tx, organisationId, id);
      if (references.length === 0)
        await tx`UPDATE contact_methods SET ${forgotten(tx)} WHERE ${own(organisationId, memberId, id)}`;
      return references;
    },

    async beginVerification(organisationId, memberId, id, code) {
      const [begun] = await sql<SendableRow[]>`
        WITH begun AS (
          UPDATE contact_methods SET code_hash = ${digestOf(id, code)}, code_sent_at = now(), code_tries = 0
          WHERE ${own(organisationId, memberId, id)} AND verified_at IS NULL
            AND coalesce(code_sent_at <= now() - make_interval(secs => ${codeInterval}), true)
          RETURNING *
        )
        SELECT c.id, c.type, c.address, c.sealed, m.name AS member_name, o.name AS organisation_name
        FROM begun c
        JOIN members m ON m.organisation_id = c.organisation_id AND m.id = c.member_id
        JOIN organisations o ON o.id = c.organisation_id`;
      if (begun) {
        const { memberName, organisationName } = begun;
        return { target: openTarget(sealer, begun), memberName, organisationName };
      }
      const [row] = await sql<{ verifiedAt: string | null; waitSeconds: number }[]>`
        SELECT verified_at, ceil(${codeInterval} - extract(epoch FROM now() - code_sent_at))::integer AS wait_seconds
        FROM contact_methods WHERE ${own(organisationId, memberId, id)}`;
      if (!row) return 'unknown';
      return row.verifiedAt === null ? { waitSeconds: Math.max(1, row.waitSeconds) } : 'already_verified';
    },

    verify: (organisationId, memberId, id, code, origin) =>
      // A transaction of its own: a refusal undoes the request's, and the guess has to count all the same.
      sql.begin(async (tx) => {
        if (origin) await setOrigin(tx, origin);
        if (!(await lockMember(tx, organisationId, memberId))) return 'unknown';
        const [row] = await tx<{ verifiedAt: string | null; isRight: boolean }[]>`
          SELECT verified_at, coalesce(code_hash = ${digestOf(id, code)} AND code_tries < ${mostCodeTries}
            AND code_sent_at > now() - make_interval(secs => ${codeValidity}), false) AS is_right
          FROM contact_methods WHERE ${own(organisationId, memberId, id)} FOR NO KEY UPDATE`;
        if (!row) return 'unknown';
        if (row.verifiedAt !== null) return 'already_verified';
        if (!row.isRight) {
          await tx`
            UPDATE contact_methods SET code_tries = least(code_tries + 1, ${mostCodeTries})
            WHERE ${own(organisationId, memberId, id)}`;
          return 'wrong_code';
        }
        const [verified] = await tx<ContactMethod[]>`
          UPDATE contact_methods SET verified_at = now(), code_hash = NULL
          WHERE ${own(organisationId, memberId, id)} RETURNING ${columns}`;
        await insertDefaultRules(tx, organisationId, memberId, id);
        return verified!;
      }),
  };
}

/** With a member who goes, go all ways to reach them. */
export async function forgetContactMethods(tx: Queryable, organisationId: string, memberId: string): Promise<void> {
  await forgetNotificationRules(tx, organisationId, memberId);
  await tx`
    UPDATE contact_methods SET ${forgotten(tx)}
    WHERE organisation_id = ${organisationId} AND member_id = ${memberId} AND deleted_at IS NULL`;
}

/** The row stays for what was sent through it; where it led does not. */
function forgotten(tx: Queryable) {
  return tx`deleted_at = now(), address = NULL, sealed = NULL, origin = NULL, code_hash = NULL`;
}

type SendableRow = Parameters<typeof openTarget>[1] & Pick<CodeToSend, 'memberName' | 'organisationName'>;
