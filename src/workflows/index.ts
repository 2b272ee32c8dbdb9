// The bundle's entry: everything that runs inside Temporal's sandbox, and nothing else.
export { incident } from './incident/incident.ts';
export { housekeeping, inbox, outbox } from './pumps.ts';
