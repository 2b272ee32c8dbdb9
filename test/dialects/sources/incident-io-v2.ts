import { ulidOf } from '../mirrors.ts';
import { fixed, impossible, link, ownId, time, type Sourced } from './expected.ts';

const created = 'public_incident.incident_created_v2';

export const incidentIoSources: Sourced[] = [
  {
    sample: 'incident-io-incident-created',
    payload: (life) => life.payload('incident.io.v2', created),
    expected: ({ incident, sources }) => ({
      event_type: fixed(created),
      [created]: {
        created_at: time,
        id: ulidOf(incident.id),
        incident_status: {
          id: impossible('the statuses are the same three for everybody, until an organisation names its own'),
          name: impossible('likewise'),
        },
        name: sources.ruleset.name,
        permalink: link(incident.id),
        reference: `INC-${incident.number}`,
        severity: { id: ownId, name: sources.ruleset.severity },
        summary: sources.ruleset.description,
        updated_at: time,
        visibility: fixed('public'),
      },
    }),
  },
];
