import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { type IncidentState, urgencyOf } from '../domain/incident/incident.ts';

/** What operators filter incidents by in the Temporal UI. Few, since Postgres visibility allows few; none of them text. */
export const organisationKey = defineSearchAttributeKey('TocsinOrganisation', 'KEYWORD');
export const teamKey = defineSearchAttributeKey('TocsinTeam', 'KEYWORD');
export const statusKey = defineSearchAttributeKey('TocsinStatus', 'KEYWORD');
export const urgencyKey = defineSearchAttributeKey('TocsinUrgency', 'KEYWORD');
export const numberKey = defineSearchAttributeKey('TocsinNumber', 'INT');

export const searchAttributeKeys = [organisationKey, teamKey, statusKey, urgencyKey, numberKey];

/** All five, as the incident stands now. */
export function searchAttributesOf(state: IncidentState): SearchAttributePair[] {
  return [
    { key: organisationKey, value: state.organisationId },
    { key: teamKey, value: state.teamId },
    { key: statusKey, value: state.lifecycle.status },
    { key: urgencyKey, value: urgencyOf(state) },
    { key: numberKey, value: state.number },
  ];
}
