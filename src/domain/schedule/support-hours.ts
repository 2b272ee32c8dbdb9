import type { Urgency } from '../incident/incident.ts';

/** When people are there: the urgency of an incident within these hours, and outside of them. */
export interface SupportHours {
  /** IANA. */
  timeZone: string;
  /** 0 is Sunday. */
  weekDays: number[];
  /** `HH:MM:SS`; the end names its last second, and is on the next day when it is not after the start. */
  startTime: string;
  endTime: string;
  urgency: Urgency;
  otherwise: Urgency;
}

/** From this instant (ISO 8601) on, the urgency is another one. */
export interface UrgencyChange {
  at: string;
  to: Urgency;
}
