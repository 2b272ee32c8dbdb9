import { z } from 'zod';
import type { Viewer } from '../../domain/access/viewer.ts';
import { mostComponents } from '../../stores/status-page-components.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../errors.ts';
import { id } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { presentPublicStatus, publicStatus } from './schema.ts';

const everybody: Viewer = { seesPrivate: false, memberId: null };

export function createPublicStatusRoute({ stores, publicUrl }: ApiDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/status/{page}.json',
    summary: 'How a status page stands, for everybody',
    description:
      "Needs no key. Shaped like Atlassian Statuspage's public JSON. A change of an incident shows in the next answer; caches may keep one for ten seconds. Browsers may read it from any site.",
    tag: 'Status pages',
    role: 'query',
    auth: 'none',
    params: z.object({ page: id }),
    sharedLimit: 'statusPage',
    headers: {
      'Access-Control-Allow-Origin': '*',
      'Cache-Control': 'public, max-age=10',
      'Cross-Origin-Resource-Policy': 'cross-origin',
    },
    responses: { 200: publicStatus },
    refusals: [],
    handler: async ({ params }) => {
      const page = await stores.statusPages.find(params.page);
      if (!page) throw notFound();
      const limit = mostComponents;
      const components = await stores.components.list(page.organisationId, page.id, { limit }, everybody);
      return { status: 200, body: presentPublicStatus(page, components, publicUrl) };
    },
  });
}
