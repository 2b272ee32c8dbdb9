import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { v7 as uuid } from 'uuid';
import { createSql } from '../src/stores/sql.ts';

// The yardstick of accept.ts, a process of its own like the API: Koa, one INSERT a request, nothing else.
const sql = createSql(process.env.DATABASE_URL!, { max: 20, applicationName: 'bench-bare-handler' });
await sql`CREATE TABLE bench_bare_events (id uuid PRIMARY KEY, received_at timestamptz NOT NULL, body bytea NOT NULL)`;

const app = new Koa();
app.use(async (ctx) => {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  const id = uuid();
  const receivedAt = new Date().toISOString();
  await sql`INSERT INTO bench_bare_events VALUES (${id}, ${receivedAt}, ${Buffer.concat(chunks)})`;
  ctx.status = 201;
  ctx.body = { id, message: 'Event received.', received_at: receivedAt };
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send!({ port: (server.address() as AddressInfo).port });
process.on('disconnect', () => process.exit());
