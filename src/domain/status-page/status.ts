import type { Urgency } from '../incident/incident.ts';

/** What a component can be, from best to worst; words and their meaning as in Atlassian Statuspage's public JSON. */
export const componentStatuses = ['operational', 'degraded_performance', 'partial_outage', 'major_outage'] as const;
export type ComponentStatus = (typeof componentStatuses)[number];

/** How a page is as a whole, from best to worst. */
export const indicators = ['none', 'minor', 'major', 'critical'] as const;
export type Indicator = (typeof indicators)[number];

export interface PageStatus {
  indicator: Indicator;
  /** For people. */
  description: string;
}

const statusByUrgency: Record<Urgency, ComponentStatus> = {
  low: 'degraded_performance',
  medium: 'partial_outage',
  high: 'major_outage',
};

const statusOfPage: Record<ComponentStatus, PageStatus> = {
  operational: { indicator: 'none', description: 'All Systems Operational' },
  degraded_performance: { indicator: 'minor', description: 'Partially Degraded Service' },
  partial_outage: { indicator: 'major', description: 'Partial System Outage' },
  major_outage: { indicator: 'critical', description: 'Major Service Outage' },
};

/** The status of a component that suffers from open incidents of these urgencies: the worst wins. */
export function componentStatus(urgencies: readonly Urgency[]): ComponentStatus {
  return worst(urgencies.map((urgency) => statusByUrgency[urgency]));
}

/** A page is as its worst component; without any, all is well. */
export function pageStatus(components: readonly ComponentStatus[]): PageStatus {
  return statusOfPage[worst(components)];
}

function worst(statuses: readonly ComponentStatus[]): ComponentStatus {
  return componentStatuses[Math.max(0, ...statuses.map((status) => componentStatuses.indexOf(status)))]!;
}
