/**
 * What an API key may do; each route needs one of them. The names and most of the division follow incident.io's keys
 * (https://docs.incident.io/api-reference/introduction).
 */
export const permissions = [
  'create_incidents',
  'view_data',
  'view_private_incidents',
  'edit_incidents',
  'manage_rulesets',
  'manage_webhooks',
  'manage_schedules',
  'manage_settings',
  'manage_keys',
] as const;

export type Permission = (typeof permissions)[number];

/** In the words of whoever chooses them for a key. */
export const permissionDescriptions: Readonly<Record<Permission, string>> = {
  create_incidents: 'Open incidents.',
  view_data: 'Read incidents that are public, and the settings of the organisation.',
  view_private_incidents: 'See private incidents too, wherever others show public ones.',
  edit_incidents: 'Change incidents: acknowledge, escalate, resolve, comment, merge.',
  manage_rulesets: 'Change rulesets and try them out.',
  manage_webhooks: 'Change inbound webhooks and subscriptions, and send deliveries again.',
  manage_schedules: 'Change schedules, overrides and escalation policies.',
  manage_settings: 'Change the organisation, teams, members, status pages, severities and fields; read the audit log.',
  manage_keys: 'Make, rotate and delete API keys with no more permissions than its own.',
};
