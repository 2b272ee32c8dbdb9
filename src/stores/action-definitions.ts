import { v7 as uuid } from 'uuid';
import {
  runsOf,
  subscriptionOf,
  type ActionDraft,
  type ActionSettings,
  type SettledAction,
} from '../domain/action/action-draft.ts';
import { settleActions } from '../domain/action/settle-actions.ts';
import type { FieldError } from '../domain/error-code.ts';
import type { ActionType } from '../domain/incident/log-entry.ts';
import { digestOf, isSame, knownActions, shownSettings, type DefinitionRow } from './action-definition-rows.ts';
import type { Sealer } from './sealed.ts';
import type { Queryable, Sql, Transaction } from './sql.ts';

/** An action as it is shown: header values are redacted. */
export interface StoredAction {
  id: string;
  type: ActionType;
  settings: ActionSettings[];
}

/** One thing to run for an incident, not stored yet. */
export interface NewDefinition {
  id: string;
  /** Hexadecimal: equal for what is the same but for ids. */
  digest: string;
  type: ActionType;
  subscriptionId: string | null;
  actionId: string;
  settings: SettledAction['settings'];
}

export interface ActionDefinitionStore {
  ofRuleset(organisationId: string, rulesetId: string, tx?: Queryable): Promise<StoredAction[]>;
  /**
   * Replaces a ruleset's actions and counts its version up. What is not among them is marked deleted, so that runs under
   * way find it. Undefined for an unknown ruleset. With `errors` nothing is stored.
   */
  replaceOfRuleset(
    organisationId: string,
    rulesetId: string,
    drafts: ActionDraft[],
    tx: Transaction,
  ): Promise<{ actions: StoredAction[] } | { errors: FieldError[] } | undefined>;
  /**
   * What drafts are as definitions of an incident; ids they give must be of actions it has. `idOf` makes all others: from
   * a place (`settings 0.1`), which for a definition's own begins with `definition` and comes with its digest.
   */
  settleForIncident(
    organisationId: string,
    incidentId: string,
    drafts: ActionDraft[],
    idOf: (place: string, digest: string) => string,
  ): Promise<{ definitions: NewDefinition[] } | { errors: FieldError[] }>;
  /** Stores all, or none; one whose id stands already is left alone. */
  insertForIncident(
    organisationId: string,
    incidentId: string,
    definitions: NewDefinition[],
    tx?: Queryable,
  ): Promise<void>;
  /** Of what was run for it and of what its opening runs; not of what was asked for and refused. */
  digestsOfIncident(organisationId: string, incidentId: string): Promise<Set<string>>;
  /** Those of the ids that the organisation has; subscriptions with their dialects. A transaction keeps them there. */
  knownTargets(
    organisationId: string,
    ids: { webhookIds: string[]; subscriptionIds: string[] },
    tx?: Transaction,
  ): Promise<{ webhooks: Set<string>; subscriptions: Map<string, string> }>;
}

export function createActionDefinitionStore(sql: Sql, sealer: Sealer): ActionDefinitionStore {
  const columns = sql`d.id, d.action_id, d.type, d.settings, d.headers, d.digest`;
  const rowsOfRuleset = (tx: Queryable, organisationId: string, rulesetId: string) => tx<DefinitionRow[]>`
    SELECT ${columns} FROM action_definitions d
    WHERE d.organisation_id = ${organisationId} AND d.ruleset_id = ${rulesetId} AND d.deleted_at IS NULL
    ORDER BY d.position`;

  return {
    async ofRuleset(organisationId, rulesetId, tx = sql) {
      return shownActions(await rowsOfRuleset(tx, organisationId, rulesetId));
    },

    async replaceOfRuleset(organisationId, rulesetId, drafts, tx) {
      // One replacement at a time; evaluation reads actions with the version that is counted up here.
      const [ruleset] = await tx`
        SELECT id FROM rulesets
        WHERE organisation_id = ${organisationId} AND id = ${rulesetId} AND deleted_at IS NULL FOR NO KEY UPDATE`;
      if (!ruleset) return undefined;
      const rows = await rowsOfRuleset(tx, organisationId, rulesetId);
      const { actions, errors } = settleActions(drafts, knownActions(rows, sealer), 'ruleset', () => uuid());
      if (errors.length > 0) return { errors };

      // What stays as it was keeps its row; what changed gets another one, since an incident may yet run the old.
      const left = new Set(rows);
      const wanted = definitionsOf(actions, () => uuid()).map((definition) => {
        const stands = rows.find((row) => left.has(row) && isSame(row, definition));
        if (stands) left.delete(stands);
        return stands ? { ...definition, id: stands.id } : definition;
      });
      await tx`
        UPDATE action_definitions SET deleted_at = now()
        WHERE organisation_id = ${organisationId} AND id = ANY(${[...left].map(({ id }) => id)}::uuid[])`;
      await insert(tx, { organisationId, rulesetId, incidentId: null }, wanted);
      await tx`
        WITH changed AS (
          UPDATE rulesets SET version = version + 1
          WHERE organisation_id = ${organisationId} AND id = ${rulesetId} RETURNING organisation_id
        )
        UPDATE organisations o SET rulesets_version = rulesets_version + 1 FROM changed
        WHERE o.id = changed.organisation_id`;
      return { actions: shownActions(await rowsOfRuleset(tx, organisationId, rulesetId)) };
    },

    async settleForIncident(organisationId, incidentId, drafts, idOf) {
      const rows = drafts.some(({ id }) => id !== null)
        ? await sql<DefinitionRow[]>`
            SELECT ${columns} FROM action_definitions d
            WHERE d.organisation_id = ${organisationId} AND d.id IN (
              SELECT definition_id FROM actions
              WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId})
            ORDER BY d.created_at DESC, d.position`
        : [];
      const { actions, errors } = settleActions(drafts, knownActions(rows, sealer), 'incident', (place) =>
        idOf(place, ''),
      );
      return errors.length > 0 ? { errors } : { definitions: definitionsOf(actions, idOf) };
    },

    async insertForIncident(organisationId, incidentId, definitions, tx = sql) {
      await insert(tx, { organisationId, rulesetId: null, incidentId }, definitions);
    },

    async digestsOfIncident(organisationId, incidentId) {
      const rows = await sql<{ digest: Buffer }[]>`
        SELECT digest FROM actions
        WHERE organisation_id = ${organisationId} AND incident_id = ${incidentId} AND digest IS NOT NULL
        UNION
        SELECT d.digest FROM incidents i
        CROSS JOIN jsonb_array_elements(i.opening->'openingActions') AS planned
        JOIN action_definitions d
          ON d.organisation_id = i.organisation_id AND d.id = (planned->>'definitionId')::uuid
        WHERE i.organisation_id = ${organisationId} AND i.id = ${incidentId}`;
      return new Set(rows.map(({ digest }) => Buffer.from(digest).toString('hex')));
    },

    async knownTargets(organisationId, { webhookIds, subscriptionIds }, tx) {
      const open = tx ?? sql;
      const kept = tx ? tx`FOR KEY SHARE` : sql``;
      const webhooks = await open<{ id: string }[]>`
        SELECT id FROM webhooks
        WHERE organisation_id = ${organisationId} AND id = ANY(${webhookIds}::uuid[]) AND deleted_at IS NULL ${kept}`;
      const subscriptions = await open<{ id: string; dialect: string }[]>`
        SELECT id, dialect FROM subscriptions
        WHERE organisation_id = ${organisationId} AND id = ANY(${subscriptionIds}::uuid[]) AND deleted_at IS NULL ${kept}`;
      return {
        webhooks: new Set(webhooks.map(({ id }) => id)),
        subscriptions: new Map(subscriptions.map(({ id, dialect }) => [id, dialect])),
      };
    },
  };

  function definitionsOf(actions: SettledAction[], idOf: (place: string, digest: string) => string): NewDefinition[] {
    return actions.flatMap((action, index) =>
      runsOf(action).map((settings, at) => {
        const digest = digestOf(action.type, settings, sealer);
        const id = idOf(`definition ${index}.${at}`, digest);
        const { id: actionId, type } = action;
        return { id, digest, type, subscriptionId: subscriptionOf(settings), actionId, settings };
      }),
    );
  }

  async function insert(
    tx: Queryable,
    owner: { organisationId: string; rulesetId: string | null; incidentId: string | null },
    definitions: NewDefinition[],
  ): Promise<void> {
    if (definitions.length === 0) return;
    const rows = definitions.map(({ id, digest, type, actionId, settings }, position) => {
      const headers = settings[0]?.headers ?? null;
      return {
        id,
        organisation_id: owner.organisationId,
        ruleset_id: owner.rulesetId,
        incident_id: owner.incidentId,
        action_id: actionId,
        position,
        type,
        settings: tx.json(settings.map(shownSettings) as never),
        headers: headers && sealer.seal(JSON.stringify(headers), id),
        digest: Buffer.from(digest, 'hex'),
      };
    });
    // In one order: requests at once store the same ones, and none may wait for another that waits for it.
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    await tx`
      INSERT INTO action_definitions ${tx(rows)}
      ON CONFLICT (id) DO UPDATE SET position = excluded.position
      WHERE action_definitions.ruleset_id IS NOT NULL AND action_definitions.ruleset_id = excluded.ruleset_id`;
  }
}

/** Rows of one action stand together, in order. */
function shownActions(rows: readonly DefinitionRow[]): StoredAction[] {
  const actions = new Map<string, StoredAction>();
  for (const { actionId: id, type, settings } of rows) {
    const action = actions.get(id) ?? { id, type, settings: [] };
    actions.set(id, { ...action, settings: [...action.settings, ...settings] });
  }
  return [...actions.values()];
}
