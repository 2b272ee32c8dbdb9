import type { TransitionStore } from '../stores/transitions.ts';
import type { IncidentActivities } from './incident-activities.ts';

/** The projection. Repeats are harmless: a transition that stands already writes nothing. */
export function createIncidentActivities(transitions: TransitionStore): IncidentActivities {
  return {
    recordTransitions: ({ organisationId, incidentId, transitions: given }) =>
      transitions.record(organisationId, incidentId, given),
  };
}
