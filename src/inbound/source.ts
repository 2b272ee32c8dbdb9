import type { Urgency } from '../domain/incident/incident.ts';

export const occurrenceActions = ['trigger', 'acknowledge', 'resolve'] as const;
/** What the sender says of the problem: there, seen to, or over. */
export type OccurrenceAction = (typeof occurrenceActions)[number];

export const sourceNames = ['generic-json', 'pagerduty', 'alertmanager', 'grafana', 'incident.io'] as const;
/** The formats that senders speak; a webhook's says how its events are read. */
export type SourceName = (typeof sourceNames)[number];

/** One alert that an event reports. */
export interface Occurrence {
  /** Only a trigger is shown to rulesets; the others act on what the same `dedupKey` opened through this webhook. */
  action: OccurrenceAction;
  /** The part of the payload that is this alert; conditions see it beside the whole payload. */
  alert: unknown;
  /**
   * The sender's own name for the problem: 1 to 255 storable characters. Null where it gave none: an acknowledge or
   * resolve is then for nothing.
   */
  dedupKey: string | null;
  /** What the sender says of it by name; a tag-check finds them beside the tags. */
  labels: Record<string, string>;
  /** The incident that it opens where no ruleset is there to say; null: it opens none by itself. */
  opening: SourceOpening | null;
}

/** An incident in the sender's own words, within the bounds of domain/ruleset/ruleset.ts, and storable. */
export interface SourceOpening {
  name: string;
  description: string;
  urgency: Urgency;
  severity: string | null;
}

/**
 * A format that senders speak. Never throws: a payload that does not fit gives one occurrence, as generic JSON does, so
 * that rulesets can still look at it.
 */
export interface Source {
  name: string;
  /** `payload` is any JSON value. */
  read(payload: unknown): Occurrence[];
}
