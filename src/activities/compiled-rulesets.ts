import { type CompiledRuleset, compileRuleset } from '../domain/ruleset/compile-ruleset.ts';
import type { Logger } from '../logger.ts';
import type { PendingEvent } from '../stores/inbox.ts';
import type { RulesetStore } from '../stores/rulesets.ts';
import type { Transaction } from '../stores/sql.ts';

/** Compiled rulesets by organisation, read again only after one was changed. */
export interface CompiledRulesets {
  /** Every organisation of these events has an entry. */
  of(tx: Transaction, events: PendingEvent[]): Promise<ReadonlyMap<string, CompiledRuleset[]>>;
}

/** Organisations kept in memory; the least recently used leaves first. */
const mostOrganisations = 1_000;

export function createCompiledRulesets(rulesets: RulesetStore, logger: Logger): CompiledRulesets {
  const cache = new Map<string, { version: number; compiled: CompiledRuleset[] }>();

  return {
    async of(tx, events) {
      const versions = new Map(events.map((event) => [event.organisationId, event.rulesetsVersion]));
      const stale = [...versions].filter(([id, version]) => cache.get(id)?.version !== version).map(([id]) => id);
      if (stale.length > 0) {
        const loaded = stale.map((id) => [id, [] as CompiledRuleset[]] as const);
        const byOrganisation = new Map(loaded);
        // Read after the version was: what changed in between is newer than its label, and read again next time.
        for (const ruleset of await rulesets.loadForEvaluation(stale, tx)) {
          try {
            byOrganisation.get(ruleset.organisationId)?.push(compileRuleset(ruleset));
          } catch (error) {
            // One broken row must not keep all others of the organisation from firing.
            logger.error(
              { err: error, rulesetId: ruleset.id },
              'a stored ruleset cannot be compiled; it does not fire',
            );
          }
        }
        for (const [id, compiled] of loaded) cache.set(id, { version: versions.get(id)!, compiled });
      }

      const wanted = new Map<string, CompiledRuleset[]>();
      for (const id of versions.keys()) {
        const entry = cache.get(id)!;
        wanted.set(id, entry.compiled);
        cache.delete(id);
        cache.set(id, entry);
      }
      for (const id of cache.keys()) {
        if (cache.size <= mostOrganisations) break;
        cache.delete(id);
      }
      return wanted;
    },
  };
}
