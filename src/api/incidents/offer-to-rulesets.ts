import type { IncomingHttpHeaders } from 'node:http';
import { v7 as uuid } from 'uuid';
import { incidentReference, type IncidentState } from '../../domain/incident/incident.ts';
import { type CompiledRuleset, compileRuleset } from '../../domain/ruleset/compile-ruleset.ts';
import type { Subject } from '../../domain/ruleset/condition.ts';
import { mostAssignees } from '../../domain/ruleset/validate-ruleset.ts';
import { offer, type Offer } from '../../domain/ruleset/offer.ts';
import { createPace } from '../../inbound/pace.ts';
import type { FiringRuleset } from '../../domain/ruleset/ruleset.ts';
import { keptHeaders } from '../../stores/event-headers.ts';
import type { NewIncident } from '../../stores/incidents.ts';
import type { ApiDeps } from '../deps.ts';

/** All rulesets together may take this much time: whoever reports an incident waits for it, and others for its number. */
const longestMs = 200;

/** Who reported an incident, and from where. */
export interface Reporter {
  apiKey: { id: string; name: string };
  ip: string;
  headers: IncomingHttpHeaders;
}

/** An incident with what rulesets added, and what they were. */
export interface Offered {
  incident: NewIncident;
  offer: Offer | null;
}

/**
 * Reads the rulesets that ask for incidents made by API. What it answers offers one to them, which adds their actions and
 * assignees, and asks the database nothing: it may be called in a transaction. Whatever goes wrong with rulesets, the
 * incident is declared.
 */
export type OfferToRulesets = (
  organisationId: string,
  reporter: Reporter,
) => Promise<(incident: NewIncident) => Promise<Offered>>;

export function createOfferToRulesets({ stores, logger }: Pick<ApiDeps, 'stores' | 'logger'>): OfferToRulesets {
  return async (organisationId, reporter) => {
    const asking = await stores.rulesets.loadForApiIncidents(organisationId).catch((error: unknown) => {
      logger.error({ err: error }, 'the rulesets that ask for incidents made by API cannot be read');
      return [];
    });
    const compiled = asking.flatMap(compiledAlone);
    return async (incident) => {
      if (compiled.length === 0) return { incident, offer: null };
      try {
        const found = await createPace(longestMs).run(offer(compiled, subjectOf(incident, reporter)));
        if (found.rulesets.length === 0) return { incident, offer: null };
        return { incident: { ...incident, state: withAdded(incident.state, found) }, offer: found };
      } catch (error) {
        logger.error({ err: error, incident_id: incident.state.incidentId }, 'no ruleset saw an incident made by API');
        return { incident, offer: null };
      }
    };
  };

  /** One broken row must not keep all others from being asked. */
  function compiledAlone(ruleset: FiringRuleset): CompiledRuleset[] {
    try {
      return [compileRuleset(ruleset)];
    } catch (error) {
      logger.error({ err: error, ruleset_id: ruleset.id }, 'a stored ruleset cannot be compiled; it sees no incident');
      return [];
    }
  }
}

/** As the conditions of a ruleset see it: the payload is the incident in the words of the API. */
function subjectOf(
  { state, description, severity, priority, visibility, mode }: NewIncident,
  reporter: Reporter,
): Subject {
  const payload = {
    id: state.incidentId,
    reference: incidentReference(state.number),
    number: state.number,
    name: state.name,
    description,
    urgency: state.urgency,
    severity: severity ?? null,
    priority: priority ?? null,
    visibility: visibility ?? 'public',
    mode: mode ?? 'standard',
    team_id: state.teamId,
    created_at: state.createdAt,
  };
  const { apiKey, ip, headers } = reporter;
  return {
    payload,
    alert: payload,
    text: () => JSON.stringify(payload),
    tags: [],
    metadata: {
      webhookId: null,
      webhookName: null,
      ip,
      contentType: 'application/json',
      // Conditions find a text letter by letter, and whoever writes them need not know the key.
      headers: keptHeaders(headers),
      receivedAt: state.createdAt,
      apiKey,
    },
  };
}

function withAdded(state: IncidentState, { actions, assignees }: Offer): IncidentState {
  const { lifecycle } = state;
  const isAssigned = new Set(lifecycle.assignees.map(({ type, id }) => `${type} ${id.toLowerCase()}`));
  const others = assignees.filter(({ type, id }) => !isAssigned.has(`${type} ${id.toLowerCase()}`));
  const more = others.slice(0, Math.max(0, mostAssignees - lifecycle.assignees.length));
  const runs = actions.map(({ definitionId, type, subscriptionId }) => {
    return { id: uuid(), type, trigger: 'automated' as const, subscriptionId, definitionId };
  });
  return {
    ...state,
    openingActions: [...state.openingActions, ...runs],
    lifecycle: { ...lifecycle, assignees: [...lifecycle.assignees, ...more] },
  };
}
