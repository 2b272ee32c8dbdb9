import { z } from 'zod';
import type { ActionSettings } from '../../domain/action/action-draft.ts';
import { id } from '../fields.ts';

/** What an action begins at, acts on, and what that is part of: read from its settings, for people who look at it. */

const targetTypes = ['component', 'webhook', 'subscription', 'url', 'team'] as const;

export const target = z
  .object({ type: z.enum(targetTypes), id: id.nullable(), url: z.string().optional() })
  .nullable()
  .meta({ description: 'What is changed, called or told.' });

export const parent = z
  .object({ type: z.literal('status_page'), id })
  .nullable()
  .meta({ description: 'The status page of a component; null for what is no part of something.' });

export interface Endpoints {
  target: z.input<typeof target>;
  parent: z.input<typeof parent>;
}

export function endpointsOf(one: ActionSettings): Endpoints {
  if (one.component_id !== undefined)
    return {
      target: { type: 'component', id: one.component_id },
      parent: one.status_page_id === undefined ? null : { type: 'status_page', id: one.status_page_id },
    };
  if (one.url !== undefined) return { target: { type: 'url', id: null, url: one.url }, parent: null };
  if (one.webhook_id !== undefined) return { target: { type: 'webhook', id: one.webhook_id }, parent: null };
  if (one.subscription_id !== undefined)
    return { target: { type: 'subscription', id: one.subscription_id }, parent: null };
  return { target: null, parent: null };
}

const answered = z.unknown().optional().meta({ description: 'As answered; what is sent here is not looked at.' });
/** So that an answer can be sent back as it is. */
export const answeredEndpoints = { source: answered, target: answered, parent: answered };
