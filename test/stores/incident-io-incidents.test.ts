import assert from 'node:assert/strict';
import { itself } from '../../src/domain/access/viewer.ts';
import type { IncidentIoFilter } from '../../src/stores/incident-io-filter.ts';
import { createIncidentIoReads } from '../../src/stores/incident-io-incidents.ts';
import type { Sql } from '../../src/stores/sql.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fillIncidents } from '../support/fill-incidents.ts';
import { storeIncident } from '../support/incident.ts';
import { insertOrganisation, type TestOrganisation } from '../support/organisation.ts';

describe("lists of incident.io's incidents", function () {
  this.timeout(90_000);
  let database: TestDatabase;
  let organisation: TestOrganisation;
  const count = 20_000;
  const filter = (conditions: IncidentIoFilter['conditions'] = []): IncidentIoFilter => {
    return { modes: ['standard', 'retrospective'], combine: 'all', conditions };
  };

  before(async () => {
    database = await createTestDatabase();
    organisation = await insertOrganisation(database.sql);
    const { opening } = await withOpening();
    await fillIncidents(database.sql, organisation, count);
    await database.sql`UPDATE incidents SET opening = ${database.sql.json(opening as never)}, status = 'resolved' WHERE opening = '{}'`;
    await database.sql`VACUUM ANALYZE`;
  });
  after(() => database.drop());

  async function withOpening() {
    const { incidentId } = await storeIncident(database.sql, organisation);
    const [row] = await database.sql<{ opening: unknown }[]>`SELECT opening FROM incidents WHERE id = ${incidentId}`;
    return row!;
  }

  /** How many rows of `incidents` were read one after the other, without an index. */
  async function rowsScanned(
    read: (reads: ReturnType<typeof createIncidentIoReads>) => Promise<unknown>,
  ): Promise<number> {
    return database.sql.begin(async (tx) => {
      await read(createIncidentIoReads(tx as unknown as Sql));
      const [row] = await tx<{ read: number }[]>`
        SELECT seq_tup_read AS read FROM pg_stat_xact_user_tables WHERE relname = 'incidents'`;
      return row!.read;
    });
  }

  it('read a page by an index, however many incidents there are', async () => {
    const { organisationId } = organisation;
    const [status] = await database.sql<{ id: string }[]>`
      SELECT id FROM incident_statuses WHERE organisation_id = ${organisationId} AND category = 'triage'`;
    const page = { limit: 26, descending: true };
    for (const wanted of [
      filter(),
      filter([{ type: 'status', ids: [status!.id], of: ['triggered'], withDefault: true }]),
      filter([{ type: 'status', ids: [status!.id], of: ['resolved'], withDefault: false }]),
      filter([{ type: 'severity', ids: [status!.id], isNot: false }]),
      filter([{ type: 'created_at', from: '2999-01-01T00:00:00Z', until: null }]),
      filter([{ type: 'updated_at', from: '2999-01-01T00:00:00Z', until: null }]),
      filter([{ type: 'custom_field', id: status!.id, values: ['eu'], isNot: false }]),
    ])
      assert.equal(
        await rowsScanned((reads) => reads.list(organisationId, wanted, page, itself)),
        0,
        JSON.stringify(wanted.conditions),
      );
    assert.equal(await rowsScanned((reads) => reads.get(organisationId, { number: 1 }, itself)), 0);
    assert.equal(await rowsScanned((reads) => reads.repeated(organisationId, 'key', itself)), 0);
  });

  it('count up to 10,000', async () => {
    const reads = createIncidentIoReads(database.sql);
    const { organisationId } = organisation;
    assert.equal(await reads.count(organisationId, filter(), itself), null);
    const few: IncidentIoFilter = filter([{ type: 'created_at', from: null, until: '2999-01-01T00:00:00Z' }]);
    assert.equal(await reads.count(organisationId, few, itself), null);
    const none = filter([{ type: 'created_at', from: '2999-01-01T00:00:00Z', until: null }]);
    assert.equal(await reads.count(organisationId, none, itself), 0);
  });
});
