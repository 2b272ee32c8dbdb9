import { readAlertGroup } from './alert-group.ts';
import { recordAt, textAt } from './fields.ts';
import { outline } from './outline.ts';
import type { Source } from './source.ts';

/**
 * Grafana's webhook contact point without a custom payload,
 * https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
 */
export const grafana: Source = {
  name: 'grafana',
  read: (payload) =>
    readAlertGroup(payload, {
      version: '1',
      nameOf: ruleWithoutValue,
      links: {
        Panel: 'panelURL',
        Dashboard: 'dashboardURL',
        Rule: 'generatorURL',
        Silence: 'silenceURL',
        Image: 'imageURL',
      },
      valuesOf: (alert) => outline(Object.entries(recordAt(alert, 'values'))) ?? textAt(alert, 'valueString'),
    }),
};

const withoutValue = new Map([
  ['DatasourceNoData', 'No data'],
  ['DatasourceError', 'Evaluation failed'],
]);

/** Grafana renames an alert whose rule had nothing to evaluate; its summary still tells of what the rule looks for. */
function ruleWithoutValue(alert: unknown): string | null {
  const labels = recordAt(alert, 'labels');
  const problem = withoutValue.get(textAt(labels, 'alertname') ?? '');
  return problem === undefined ? null : `${problem}: ${textAt(labels, 'rulename') ?? 'an alert rule'}`;
}
