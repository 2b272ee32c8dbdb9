import { readAlertGroup } from './alert-group.ts';
import type { Source } from './source.ts';

/**
 * Alertmanager's `webhook_configs`, https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. The version
 * has been "4" since 2016; releases only add fields.
 */
export const alertmanager: Source = {
  name: 'alertmanager',
  read: (payload) =>
    readAlertGroup(payload, {
      version: '4',
      nameOf: () => null,
      links: { Source: 'generatorURL', Alertmanager: 'externalURL' },
      valuesOf: () => null,
    }),
};
