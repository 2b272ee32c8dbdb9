import type { Json } from '../../support/api.ts';
import type { RecordedLife } from '../recorded-life.ts';

/** What a value at one place of a payload comes from. A plain value is a source of the life, or made from some. */
export type Origin =
  /** Part of the format, or what the event itself says: the same in every life. */
  | { is: 'fixed'; value: unknown }
  /** A time that the course of things gives. */
  | { is: 'time' }
  /** An id that we make. */
  | { is: 'id' }
  /** A URL of ours that has this id in it. */
  | { is: 'link'; to: string }
  /** Nothing in our API changes it. */
  | { is: 'impossible'; because: string };
export type Expected = Origin | string | number | Expected[] | { [key: string]: Expected };

/** A sample, and what a payload of ours like it is made from; both are looked up by the same paths. */
export interface Sourced {
  /** File name of the sample, without its ending. */
  sample: string;
  payload(life: RecordedLife): Json;
  expected(life: RecordedLife): Expected;
}

export const fixed = (value: unknown): Origin => ({ is: 'fixed', value });
export const time: Origin = { is: 'time' };
export const ownId: Origin = { is: 'id' };
export const link = (to: string): Origin => ({ is: 'link', to });
export const impossible = (because: string): Origin => ({ is: 'impossible', because });

export function isOrigin(expected: Expected | undefined): expected is Origin {
  return typeof expected === 'object' && 'is' in expected;
}

/** As PagerDuty refers to things. */
export function reference(kind: string, id: string, summary: string): Expected {
  return { id, type: fixed(`${kind}_reference`), summary, self: link(id), html_url: link(id) };
}

/** What payloads of PagerDuty's dialects refer to. */
export function referencesOf({ scene, sources, incident }: RecordedLife) {
  const member = (index: 0 | 1 | 2 | 3) => reference('user', scene.memberIds[index], sources.members[index]);
  return {
    member,
    team: reference('team', scene.teamId, sources.team),
    service: reference('service', scene.ruleset.id, sources.ruleset.name),
    policy: (index: 0 | 1) => reference('escalation_policy', scene.policyIds[index], sources.policies[index]),
    incident: (summary: string) => reference('incident', incident.id, summary),
  };
}
