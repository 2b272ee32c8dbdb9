import { v7 as uuid } from 'uuid';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { openIncident } from '../../src/domain/incident/open-incident.ts';
import { createIncidentStore } from '../../src/stores/incidents.ts';
import type { Sql } from '../../src/stores/sql.ts';
import type { TestOrganisation } from './organisation.ts';

const openedAt = '2026-04-16T14:23:00.000Z';

/** An incident that just opened, as the API or the inbox would hand it to its workflow. */
export function newIncidentState(overrides: Partial<IncidentState> = {}): IncidentState {
  const teamId = overrides.teamId ?? uuid();
  return openIncident(
    {
      organisationId: uuid(),
      incidentId: uuid(),
      number: 1,
      teamId,
      name: 'Checkout is down',
      urgency: 'high',
      createdAt: openedAt,
      acknowledgementTimeout: 1_800,
      autoResolveTimeout: 14_400,
      openedBy: { type: 'key', id: null, name: 'Test key' },
      openedThrough: 'api',
      openingActions: [],
      ...overrides,
    },
    [{ type: 'team', id: teamId }],
  );
}

/** The same, with its row stored: what every incident has before its workflow starts. */
export async function storeIncident(
  sql: Sql,
  { organisationId, teamId }: TestOrganisation,
  overrides: Partial<IncidentState> = {},
  incidentKey: string | null = null,
): Promise<IncidentState> {
  return createIncidentStore(sql).create(organisationId, teamId, (number) => ({
    state: newIncidentState({
      organisationId,
      teamId,
      number,
      createdAt: new Date().toISOString(),
      ...overrides,
    }),
    description: 'Orders fail with 503.',
    incidentKey,
  }));
}
