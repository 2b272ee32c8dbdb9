import { loadavg, cpus } from 'node:os';
import { createSql } from '../src/stores/sql.ts';
import { removeDataDir, startProduct } from '../test/support/product.ts';
import { accept } from './accept.ts';
import { deliveries } from './deliveries.ts';
import { exporting } from './export.ts';
import { incidents } from './incidents.ts';
import { latency } from './latency.ts';
import { noMatch } from './no-match.ts';
import { storm } from './storm.ts';
import type { Row } from './support.ts';
import { timers } from './timers.ts';

const benches = { latency, incidents, storm, 'no-match': noMatch, accept, timers, deliveries, export: exporting };
type Name = keyof typeof benches;

const say = (line: string) => process.stdout.write(`${line}\n`);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  say(`No such benchmark: ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}
const names = (wanted.length > 0 ? wanted : Object.keys(benches)) as Name[];

const load = () => `load average ${loadavg()[0]!.toFixed(1)}`;
say(`${cpus().length} x ${cpus()[0]!.model.trim()}, Node.js ${process.version}, ${load()} at the start`);
const product = await startProduct({ env: { LOG_LEVEL: 'info' } });
const sql = createSql(product.databaseUrl, { max: 2, applicationName: 'bench' });
const rows: Row[] = [];
try {
  for (const name of names) {
    const from = performance.now();
    say(`${name} …`);
    rows.push(...(await benches[name]({ product, sql })));
    say(`${name}: ${((performance.now() - from) / 1_000).toFixed(0)} s, ${load()}`);
  }
} catch (error) {
  say(error instanceof Error ? String(error.stack) : String(error));
  process.exitCode = 1;
} finally {
  await sql.end({ timeout: 1 });
  await product.stop();
  await removeDataDir(product.dataDir);
}

const table = [
  ['', 'measured', 'budget', ''],
  ...rows.map(({ name, measured, budget = '', ok }) => [
    name,
    measured,
    budget,
    ok === undefined ? '' : ok ? 'ok' : 'OVER',
  ]),
];
const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => cells[column]!.length)));
say('');
for (const cells of table)
  say(
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
// What a benchmark that failed still waits for is nobody's concern.
process.exit();
