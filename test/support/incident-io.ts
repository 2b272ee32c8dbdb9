import assert from 'node:assert/strict';
import { uuidOfUlid } from '../../src/outbound/incident-io/ulid.ts';
import type { Answer, Json, TestApi } from './api.ts';

let keys = 0;

/** What every incident of incident.io's API has to have. */
export function incidentIoDraft(change: Record<string, unknown> = {}): Json {
  return { name: 'Our database is sad', idempotency_key: `key ${keys++}`, visibility: 'public', ...change };
}

/** Creates an incident by incident.io's API, second version, and waits until its opening is stored. */
export async function createIncidentIo(api: TestApi, change: Json = {}, key = api.adminKey): Promise<Json> {
  const answer = await api.post('/v2/incidents', incidentIoDraft(change), { key });
  assert.equal(answer.status, 200, answer.text);
  await api.begun(uuidOfUlid(answer.body.incident.id)!);
  return answer.body.incident;
}

/** The fields that a refusal in incident.io's words names, in alphabetical order. */
export function faultySources({ body }: Answer): string[] {
  return (body.errors ?? []).map(({ source }: Json) => source?.field).sort();
}

/** A setting of the organisation, as its list has it. */
export async function settingOf(api: TestApi, list: string, name: string, key = api.adminKey): Promise<Json> {
  const { body } = await api.get(`/v1/${list}`, { key });
  const found = body[list].find((one: Json) => one.name === name);
  assert.ok(found, `${list} has ${name}`);
  return found;
}
