import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import type { Command } from '../../src/domain/incident/command.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { transition } from '../../src/domain/incident/transition.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import type { Sql } from '../../src/stores/sql.ts';
import { storeIncident } from './incident.ts';
import type { TestOrganisation } from './organisation.ts';

type Details<Given> = Given extends unknown ? Omit<Given, 'id' | 'agent' | 'channel'> : never;

/** An incident whose transitions are stored as its workflow would have them stored; no workflow runs. */
export interface RecordedIncident {
  id: string;
  /** Carries a command out; answers the sequence of its transition. */
  apply(command: Details<Command>): Promise<number>;
}

/** Opened, as sequence 1. */
export async function recordIncident(
  sql: Sql,
  organisation: TestOrganisation,
  overrides: Partial<IncidentState> = {},
): Promise<RecordedIncident> {
  let state = await storeIncident(sql, organisation, overrides);
  const store = createTransitionStore(sql, { ring: () => {} });
  const apply = async (command: Details<Command>) => {
    const agent = { type: 'key', id: null, name: 'Test key' } as const;
    const given = { ...command, id: uuid(), agent, channel: 'api' } as Command;
    const result = transition(state, given, new Date().toISOString());
    assert.ok(result.accepted);
    state = result.state;
    assert.equal(await store.record(state.organisationId, state.incidentId, [result.transition]), null);
    return state.lifecycle.sequence;
  };
  await apply({ type: 'trigger' });
  return { id: state.incidentId, apply };
}
