import { z } from 'zod';
import { componentStatuses, indicators, pageStatus } from '../../domain/status-page/status.ts';
import { mostIncidentIds, type Component } from '../../stores/status-page-components.ts';
import type { StatusPage } from '../../stores/status-pages.ts';
import { id, text, timestamp } from '../fields.ts';

export const newStatusPage = z.strictObject({ name: text(255) }).meta({ examples: [{ name: 'Acme' }] });
export const newComponent = z.strictObject({ name: text(255) }).meta({ examples: [{ name: 'Checkout' }] });
export const changedName = z.strictObject({ name: text(255).optional() }).meta({ examples: [{ name: 'Acme Cloud' }] });

export const statusPage = z
  .object({
    id,
    name: z.string(),
    url: z.string().meta({ format: 'uri', description: 'The public JSON; reading it takes no key.' }),
    created_at: timestamp,
  })
  .meta({
    id: 'StatusPage',
    examples: [
      {
        id: '01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11',
        name: 'Acme',
        url: 'https://tocsin.example.com/status/01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11.json',
        created_at: '2026-03-15T19:09:39.000Z',
      },
    ],
  });

const componentStatus = z
  .enum(componentStatuses)
  .meta({ description: 'By the highest urgency: low, medium and high, in this order after `operational`.' });

export const component = z
  .object({
    id,
    status_page_id: id,
    name: z.string(),
    status: componentStatus,
    incident_ids: z
      .array(id)
      .max(mostIncidentIds)
      .meta({
        description: `Open incidents that affect it and that the key may see, oldest first: the first ${mostIncidentIds}.`,
      }),
    created_at: timestamp,
  })
  .meta({
    id: 'Component',
    examples: [
      {
        id: '01993c4f-1b7e-7a02-8c55-0f9c5b7d2a90',
        status_page_id: '01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11',
        name: 'Checkout',
        status: 'partial_outage',
        incident_ids: ['01993d00-52a1-7f6e-b6a3-7a1f0e3c9d42'],
        created_at: '2026-03-15T19:09:40.000Z',
      },
    ],
  });

export const publicStatus = z
  .object({
    page: z.object({
      id,
      name: z.string(),
      url: z.string().meta({ format: 'uri' }),
      updated_at: timestamp.meta({ description: 'When the statuses were read.' }),
    }),
    status: z
      .object({ indicator: z.enum(indicators), description: z.string() })
      .meta({ description: 'As the worst component.' }),
    components: z
      .array(z.object({ id, name: z.string(), status: componentStatus }))
      .meta({ description: 'Oldest first.' }),
  })
  .meta({
    id: 'PublicStatus',
    examples: [
      {
        page: {
          id: '01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11',
          name: 'Acme',
          url: 'https://tocsin.example.com/status/01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11.json',
          updated_at: '2026-03-15T20:00:00.000Z',
        },
        status: { indicator: 'major', description: 'Partial System Outage' },
        components: [
          { id: '01993c4f-1b7e-7a02-8c55-0f9c5b7d2a90', name: 'Checkout', status: 'partial_outage' },
          { id: '01993c4f-2d10-7b44-a1f7-6f4be0a7c3d5', name: 'Search', status: 'operational' },
        ],
      },
    ],
  });

export function presentStatusPage({ id, name, createdAt }: StatusPage, publicUrl: string): z.input<typeof statusPage> {
  return { id, name, url: urlOf(id, publicUrl), created_at: createdAt };
}

export function presentComponent(row: Component): z.input<typeof component> {
  const { id, statusPageId, name, status, incidentIds, createdAt } = row;
  return { id, status_page_id: statusPageId, name, status, incident_ids: incidentIds, created_at: createdAt };
}

/** For everybody, so nothing of incidents is in it. */
export function presentPublicStatus(
  { id, name, readAt }: StatusPage & { readAt: string },
  components: Component[],
  publicUrl: string,
): z.input<typeof publicStatus> {
  return {
    page: { id, name, url: urlOf(id, publicUrl), updated_at: readAt },
    status: pageStatus(components.map(({ status }) => status)),
    components: components.map(({ id, name, status }) => ({ id, name, status })),
  };
}

function urlOf(id: string, publicUrl: string): string {
  return `${publicUrl}/status/${id}.json`;
}
