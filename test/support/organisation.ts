import { v7 as uuid } from 'uuid';
import type { Sql } from '../../src/stores/sql.ts';

/** The least that owned rows need: an organisation with one team, one webhook, and an API key row. */
export interface TestOrganisation {
  organisationId: string;
  teamId: string;
  webhookId: string;
  apiKeyId: string;
}

export async function insertOrganisation(sql: Sql, name = 'Acme'): Promise<TestOrganisation> {
  const ids = { organisationId: uuid(), teamId: uuid(), webhookId: uuid(), apiKeyId: uuid() };
  await sql.begin(async (tx) => {
    await tx`INSERT INTO organisations (id, name) VALUES (${ids.organisationId}, ${name})`;
    await tx`INSERT INTO teams (id, organisation_id, number, name) VALUES (${ids.teamId}, ${ids.organisationId}, 1, 'First responders')`;
    await tx`UPDATE organisations SET default_team_id = ${ids.teamId} WHERE id = ${ids.organisationId}`;
    await tx`INSERT INTO webhooks (id, organisation_id, number, name) VALUES (${ids.webhookId}, ${ids.organisationId}, 1, 'Probe')`;
    await tx`INSERT INTO api_keys (id, organisation_id, name, hash, prefix)
      VALUES (${ids.apiKeyId}, ${ids.organisationId}, 'Test key', decode(md5(random()::text), 'hex'), 'tocsin_test')`;
    await tx`INSERT INTO counters (organisation_id, kind, value)
      SELECT ${ids.organisationId}::uuid, kind, value FROM (VALUES ('team', 1), ('webhook', 1), ('ruleset', 0), ('incident', 0)) AS start (kind, value)`;
  });
  return ids;
}
