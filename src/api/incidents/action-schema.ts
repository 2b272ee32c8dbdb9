import { z } from 'zod';
import { actionTypes } from '../../domain/incident/log-entry.ts';
import type { ActionRead } from '../../stores/incident-reads.ts';
import { endpointsOf, type Endpoints, parent, target } from '../actions/endpoints.ts';
import { presentSettings, settingsList } from '../actions/schema.ts';
import { id, timestamp } from '../fields.ts';
import { agent, presentAgent } from './agent.ts';

const serviceTypes = ['ruleset', 'webhook', 'team'] as const;

export const action = z
  .object({
    id,
    action_id: id
      .nullable()
      .meta({ description: 'The action whose run this is, as its ruleset or its caller knows it.' }),
    type: z.enum(actionTypes),
    trigger: z.enum(['manual', 'automated']).meta({ description: 'Asked for by somebody, or by a ruleset.' }),
    source: z.object({ type: z.enum(serviceTypes), id, name: z.string() }).meta({
      description: 'What the incident is about: the ruleset that opened it, else its webhook, else its team.',
    }),
    agent,
    target,
    parent,
    settings: settingsList,
    status: z.enum(['pending', 'succeeded', 'failed']),
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'Of the last attempt. It may stand while the run is pending, and is then tried again.' }),
    attempts: z.int(),
    status_code: z.int().nullable().meta({ description: 'Of the last answer over HTTP.' }),
    created_at: timestamp,
    finished_at: timestamp.nullable(),
  })
  .meta({
    id: 'Action',
    description: 'One run of an action, with one target.',
    examples: [
      {
        id: '01993c53-0c1a-7d55-b7f4-2a3b4c5d6e7f',
        action_id: '01993c52-6d3c-7b1e-a0a5-9c1f1d2b7e41',
        type: 'trigger-statuspage-update',
        trigger: 'automated',
        source: { type: 'ruleset', id: '01993c50-2f6e-7a90-8b1c-7d8e9fa0b1c2', name: 'Checkout is failing' },
        agent: { type: 'ruleset', id: '01993c50-2f6e-7a90-8b1c-7d8e9fa0b1c2', name: 'Checkout is failing' },
        target: { type: 'component', id: '01993c4f-1b7e-7a02-8c55-0f9c5b7d2a90' },
        parent: { type: 'status_page', id: '01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11' },
        settings: [
          {
            id: '01993c52-6d3d-7f80-8d3a-5e6a7b8c9d0e',
            status_page_id: '01993c4e-8a50-7c31-9d0b-4f2f6a1f6c11',
            component_id: '01993c4f-1b7e-7a02-8c55-0f9c5b7d2a90',
          },
        ],
        status: 'succeeded',
        error: null,
        attempts: 1,
        status_code: null,
        created_at: '2026-03-15T19:09:39.120Z',
        finished_at: '2026-03-15T19:09:39.154Z',
      },
    ],
  });

export function presentAction(row: ActionRead): z.input<typeof action> {
  const { type, id: sourceId, name } = row.service;
  return {
    id: row.id,
    action_id: row.actionId,
    type: row.type,
    trigger: row.trigger,
    source: { type, id: sourceId, name },
    agent: presentAgent(row.agent),
    ...targetOf(row),
    settings: row.settings.map(presentSettings),
    status: row.outcome ?? 'pending',
    error: errorOf(row),
    attempts: row.attempts,
    status_code: row.statusCode,
    created_at: row.at,
    finished_at: row.finishedAt,
  };
}

function targetOf({ type, teamId, settings }: ActionRead): Endpoints {
  // Whom an alert reaches is the team's affair.
  if (type === 'trigger-alerts') return { target: { type: 'team', id: teamId }, parent: null };
  return endpointsOf(settings[0] ?? {});
}

function errorOf({ outcome, errorCode, error }: ActionRead): z.input<typeof action>['error'] {
  if (outcome === 'succeeded') return null;
  if (outcome === null && errorCode === null) return null;
  return { code: errorCode ?? 'failed', message: error ?? errorCode ?? 'It failed, and nothing says why.' };
}
