import { openingCommandId } from '../../domain/incident/command.ts';
import { itself } from '../../domain/access/viewer.ts';
import type { IncidentState } from '../../domain/incident/incident.ts';
import type { IncidentRead } from '../../stores/incident-reads.ts';
import type { NewIncident } from '../../stores/incidents.ts';
import type { Transaction } from '../../stores/sql.ts';
import { storeCommandContent } from '../../stores/command-contents.ts';
import type { Offer } from '../../domain/ruleset/offer.ts';
import type { ApiDeps } from '../deps.ts';
import { createOfferToRulesets, type Reporter } from './offer-to-rulesets.ts';

/** An incident that a request asks for. */
export interface Opening {
  /** The same for a repeat: what a crash kept from being answered is found again. */
  incidentId: string;
  /** Equal incident keys of different teams never meet. */
  teamId: string;
  /** Gets its number, and the transaction that stores it. */
  build: (number: number, tx: Transaction) => NewIncident | Promise<NewIncident>;
  /** Rulesets that ask for incidents of this key are offered it. */
  reporter: Reporter;
  /** Stored with it. */
  storeMore?: (tx: Transaction) => Promise<void>;
}

/**
 * Stores an incident, unless it stands already, starts its workflow and answers it as it is then: the one way in which
 * requests open incidents, whatever their API. Throws `Refusal` as `IncidentStore.create`.
 */
export type OpenIncident = (organisationId: string, opening: Opening) => Promise<IncidentRead>;

export function createOpenIncident({
  stores,
  workflows,
  logger,
}: Pick<ApiDeps, 'stores' | 'workflows' | 'logger'>): OpenIncident {
  const offerToRulesets = createOfferToRulesets({ stores, logger });

  return async (organisationId, opening) => {
    const { incidentId } = opening;
    const stored = await stores.incidents.opening(organisationId, incidentId);
    const state = stored?.opening ?? (await store(organisationId, opening));
    await startSoon(organisationId, state);
    const row = await stores.incidentReads.get(organisationId, incidentId, itself);
    if (!row) throw new Error(`Incident ${incidentId} was stored and cannot be read`);
    return row;
  };

  async function store(organisationId: string, opening: Opening): Promise<IncidentState> {
    const { incidentId, teamId, build, reporter, storeMore = async () => {} } = opening;
    const offerTo = await offerToRulesets(organisationId, reporter);
    let found: Offer | null = null;
    return stores.incidents.create(
      organisationId,
      teamId,
      async (number, tx) => {
        const { incident, offer } = await offerTo(await build(number, tx));
        found = offer;
        return incident;
      },
      async (tx) => {
        await storeMore(tx);
        if (found === null) return;
        const details = { rulesets: found.rulesets };
        await storeCommandContent(tx, organisationId, incidentId, openingCommandId, { details });
      },
    );
  }

  /** Temporal may be down: the incident stands, and housekeeping starts its workflow later. */
  async function startSoon(organisationId: string, state: IncidentState): Promise<void> {
    try {
      await workflows.start(state);
      await stores.incidents.markStarted(organisationId, [state.incidentId]);
    } catch (error) {
      logger.warn({ err: error, incident_id: state.incidentId }, 'incident stored; its workflow starts later');
    }
  }
}
