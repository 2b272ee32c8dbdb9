import type { IncidentSnapshot, SnapshotService, SnapshotTeam } from '../incident/snapshot.ts';
import type { Agent } from '../incident/log-entry.ts';
import type { IncidentEventSnapshot } from './incident-event.ts';

export const serviceChanges = ['created', 'updated', 'deleted'] as const;
export type ServiceChange = (typeof serviceChanges)[number];

/** A service (a ruleset, a webhook or a team) as it stood right after somebody changed it. */
export interface ServiceSnapshot {
  kind: 'service';
  change: ServiceChange;
  at: string;
  agent: Agent;
  organisation: { id: string; name: string };
  service: SnapshotService;
  /** Whose it is; null: the whole organisation's. */
  team: SnapshotTeam | null;
}

/** Tells a subscription nothing but that it can be reached. */
export interface PingSnapshot {
  kind: 'ping';
  at: string;
  message: string;
  organisation: { id: string; name: string };
}

/** A subscription was disabled, told to the others that ask for it. */
export interface SubscriptionSnapshot {
  kind: 'subscription';
  change: 'disabled';
  at: string;
  reason: 'gone' | 'failing';
  organisation: { id: string; name: string };
  subscription: { id: string; name: string };
}

/** What a payload renders from that stands for no transition: it is stored with the delivery. */
export type OwnSnapshot = ServiceSnapshot | PingSnapshot | SubscriptionSnapshot | IncidentEventSnapshot;

/** What a payload renders from. An incident's snapshot is stored with its transition and has no kind. */
export type OutboundSnapshot = (IncidentSnapshot & { kind?: undefined }) | OwnSnapshot;
