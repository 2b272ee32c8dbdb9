import { mostReferences, type Reference } from './references.ts';
import type { Queryable } from './sql.ts';

/** Rulesets with an action that names the page, or a component of it. Lock page and components first: then none is added. */
export async function referencesToStatusPage(tx: Queryable, organisationId: string, id: string): Promise<Reference[]> {
  return rulesetsNaming(tx, organisationId, { status_page_id: id });
}

/** Rulesets with an action that names the component. Lock it first: then none is added meanwhile. */
export async function referencesToComponent(tx: Queryable, organisationId: string, id: string): Promise<Reference[]> {
  return rulesetsNaming(tx, organisationId, { component_id: id });
}

/** Ids compare as text, in lower case as the API stores them. */
async function rulesetsNaming(
  tx: Queryable,
  organisationId: string,
  item: { status_page_id: string } | { component_id: string },
): Promise<Reference[]> {
  return [
    ...(await tx<Reference[]>`
      SELECT 'ruleset' AS type, r.id, r.name FROM rulesets r
      WHERE r.organisation_id = ${organisationId} AND r.deleted_at IS NULL AND EXISTS (
        SELECT FROM action_definitions d
        WHERE d.organisation_id = r.organisation_id AND d.ruleset_id = r.id AND d.deleted_at IS NULL
          AND d.settings @> ${tx.json([item])})
      ORDER BY r.number LIMIT ${mostReferences}`),
  ];
}
