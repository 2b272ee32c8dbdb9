import { fillIncidents } from '../test/support/fill-incidents.ts';
import { type Bench, createTenant, type Row } from './support.ts';

const count = 200_000;

/** Exports to a client that takes all it is given: rows a second, and how long until the first. */
export async function exporting({ product, sql }: Bench): Promise<Row[]> {
  const { organisationId, teamId, key } = await createTenant(product, 'export');
  for (let filled = 0; filled < count; filled += 50_000)
    await fillIncidents(sql, { organisationId, teamId }, 50_000, 'Orders fail with 503 since the last deploy.');
  await sql`ANALYZE incidents`;
  const rows: Row[] = [];
  for (const format of ['json', 'csv']) {
    const from = performance.now();
    const headers = { Authorization: `Bearer ${key}` };
    const response = await fetch(`${product.url}/v1/export/incidents?format=${format}`, { headers });
    if (!response.ok || !response.body) throw new Error(`The export answered ${response.status}`);
    const firstMs = performance.now() - from;
    let bytes = 0;
    for await (const piece of response.body) bytes += piece.length;
    const seconds = (performance.now() - from) / 1_000;
    rows.push({
      name: `export of ${count} incidents as ${format}`,
      measured: `${Math.round(count / seconds)} rows/s, ${Math.round(bytes / 1e6)} MB, begins after ${Math.round(firstMs)} ms`,
    });
  }
  return rows;
}
