import { createHash } from 'node:crypto';
import { isPlainObject } from '../domain/json/path.ts';
import { dedupKeyOf } from './dedup-key.ts';
import { listAt, recordAt, textAt } from './fields.ts';
import { genericJson } from './generic-json.ts';
import { labelsOf } from './labels.ts';
import { openingOf } from './opening.ts';
import { outline } from './outline.ts';
import type { Occurrence, SourceOpening } from './source.ts';
import { webLink } from './web-link.ts';

/** What differs among the formats that descend from Alertmanager's webhook, a group of alerts each. */
export interface AlertGroupFormat {
  version: string;
  /** Null: nothing better than the alert's own summary or name. */
  nameOf(alert: unknown): string | null;
  /** Members that hold addresses, by what people know them as. */
  links: Record<string, string>;
  /** What was measured. */
  valuesOf(alert: unknown): string | null;
}

/**
 * An occurrence for each alert of the group. Only an alert's own status says that it is over: the group's is `firing` as
 * long as any is, and one that is missing may have been truncated. Only its own labels name it: how alerts are grouped
 * changes with a configuration.
 */
export function readAlertGroup(payload: unknown, format: AlertGroupFormat): Occurrence[] {
  const alerts = textAt(payload, 'version') === format.version ? listAt(payload, 'alerts').filter(isPlainObject) : [];
  if (alerts.length === 0) return genericJson.read(payload);
  return alerts.map((alert) => {
    const isOver = (textAt(alert, 'status') ?? textAt(payload, 'status')) === 'resolved';
    return {
      action: isOver ? 'resolve' : 'trigger',
      alert,
      dedupKey: dedupKeyOf(alert.fingerprint) ?? digestOf(recordAt(alert, 'labels')),
      labels: labelsOf(alert.labels),
      opening: isOver ? null : openingFor(alert, payload, format),
    };
  });
}

/** As a fingerprint: equal labels in any order have an equal one. */
function digestOf(labels: Record<string, unknown>): string {
  const texts = Object.keys(labels)
    .sort()
    .map((name) => [name, textAt(labels, name)]);
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

function openingFor(alert: unknown, payload: unknown, format: AlertGroupFormat): SourceOpening {
  const labels = recordAt(alert, 'labels');
  const annotations = recordAt(alert, 'annotations');
  const name = format.nameOf(alert);
  const summary = textAt(annotations, 'summary');
  const runbook = webLink(textAt(annotations, 'runbook_url'));
  const told = ['summary', 'description', 'message', ...(runbook === null ? [] : ['runbook_url'])];
  // Names that begin with two underscores are internal to Grafana.
  const rest = Object.entries(annotations).filter(([key]) => !told.includes(key) && !key.startsWith('__'));
  return openingOf({
    name: name ?? summary ?? alertName(labels),
    severity: textAt(labels, 'severity'),
    description: [
      name === null ? null : summary,
      textAt(annotations, 'description'),
      textAt(annotations, 'message'),
      format.valuesOf(alert),
      outline([['Runbook', runbook], ...linksOf(alert, payload, format)]),
      outline(rest),
      outline(Object.entries(labels)),
    ],
  });
}

function alertName(labels: Record<string, unknown>): string {
  const name = textAt(labels, 'alertname') ?? 'Alert';
  const instance = textAt(labels, 'instance');
  return instance === null ? name : `${name} (${instance})`;
}

function linksOf(alert: unknown, payload: unknown, { links }: AlertGroupFormat): [string, string | null][] {
  return Object.entries(links).map(([title, member]) => [
    title,
    webLink(textAt(alert, member) ?? textAt(payload, member)),
  ]);
}
