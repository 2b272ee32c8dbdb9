import assert from 'node:assert/strict';
import type { PolicySnapshot } from '../../src/domain/escalation/policy.ts';
import { incidentDetails } from '../../src/workflows/incident/details.ts';
import { newIncidentState } from '../support/incident.ts';

const escalationPolicy: PolicySnapshot = {
  id: '0199aaaa-0000-7000-8000-0000000000aa',
  version: 1,
  name: 'Check*out',
  levels: [{ delay: 60, targets: [], assign: 'everyone' }],
  repeat: 0,
  repeatFromLevel: 1,
  turn: 0,
};

describe("an incident's details for operators", () => {
  it('say what it is about and which timers it has, as text that stays text', () => {
    const details = incidentDetails(newIncidentState({ name: 'Down | <b>now</b>' }), 2);
    assert.match(details, /^### INC-1: Down \\\| \\<b\\>now\\<\/b\\>$/m);
    assert.match(details, /2 occurrences/);
    assert.match(details, /\| resolve \| 2026-04-16T18:23:00.000Z \|/);
    assert.doesNotMatch(details, /Escalation/);
  });

  it('say where it stands in its policy, and warn when nobody is left to ask', () => {
    const state = newIncidentState({ escalationPolicy });
    assert.match(incidentDetails(state, 1), /Escalation policy Check\\\*out: level 1 of 1\./);
    const { lifecycle } = state;
    const exhausted = { ...state, lifecycle: { ...lifecycle, escalation: { level: 1, cycle: 0, exhausted: true } } };
    assert.match(incidentDetails(exhausted, 1), /Nobody answered/);
  });
});
