import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { serviceTypes } from '../../src/domain/incident/snapshot.ts';
import { createLinks } from '../../src/outbound/links.ts';

const { paths } = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};
const publicUrl = 'https://tocsin.example.com/below';
const id = '0199aaaa-0000-7000-8000-000000000001';

describe('outbound/links', () => {
  const links = createLinks(publicUrl);
  for (const [what, url] of [
    ['an incident', links.incident(id)],
    ['its log', links.log(id)],
    ['a team', links.team(id)],
    ['a member', links.member(id, id)],
    ['who is on call', links.onCall(id)],
    ...serviceTypes.map((type) => [`a service: ${type}`, links.service(type, id)] as const),
    ['a webhook', links.webhook(id)],
    ['an escalation policy', links.escalationPolicy(id)],
    ['a subscription', links.subscription(id)],
  ] as const)
    it(`leads to a route that can be read: ${what}`, () => {
      assert.ok(url.startsWith(`${publicUrl}/v1/`), url);
      const path = Object.keys(paths).find((one) => one.replaceAll(/\{\w+\}/g, id) === url.slice(publicUrl.length));
      assert.ok(path !== undefined && 'get' in paths[path]!, url);
    });
});
