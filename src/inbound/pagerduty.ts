import { isPlainObject } from '../domain/json/path.ts';
import { dedupKeyOf } from './dedup-key.ts';
import { listAt, memberOf, recordAt, textAt } from './fields.ts';
import { genericJson } from './generic-json.ts';
import { labelsOf } from './labels.ts';
import { openingOf } from './opening.ts';
import { outline } from './outline.ts';
import { occurrenceActions, type Source, type SourceOpening } from './source.ts';
import { webLink } from './web-link.ts';

/** PagerDuty's Events API v2, https://developer.pagerduty.com/docs/send-alert-event: one alert, the problem is its `dedup_key`. */
export const pagerduty: Source = {
  name: 'pagerduty',
  read(event) {
    const action = occurrenceActions.find((known) => known === memberOf(event, 'event_action'));
    const alert = recordAt(event, 'payload');
    const summary = textAt(alert, 'summary');
    // Only a trigger has to say what is wrong. A change event, which pages nobody, has no action.
    if (action === undefined || (action === 'trigger' && summary === null)) return genericJson.read(event);
    const { severity, source, component, group, class: kind, custom_details: details } = alert;
    return [
      {
        action,
        alert,
        dedupKey: dedupKeyOf(memberOf(event, 'dedup_key')),
        labels: labelsOf({ severity, source, component, group, class: kind }, short(details)),
        opening: action === 'trigger' && summary !== null ? openingFor(summary, event, alert) : null,
      },
    ];
  },
};

/** Of the details only what is like a label; conditions reach everything else by its path. */
function short(details: unknown): Record<string, unknown> {
  if (!isPlainObject(details)) return {};
  const isShort = (value: unknown) => typeof value !== 'string' || value.length <= longestDetail;
  return Object.fromEntries(Object.entries(details).filter(([, value]) => isShort(value)));
}

const longestDetail = 255;

function openingFor(summary: string, event: unknown, alert: Record<string, unknown>): SourceOpening {
  const { source, component, group, class: kind, timestamp, custom_details: details } = alert;
  const facts = { Source: source, Component: component, Group: group, Class: kind, Time: timestamp };
  return openingOf({
    name: summary,
    severity: textAt(alert, 'severity'),
    description: [
      outline(Object.entries(facts)),
      // Before the details, which may be long enough to be cut.
      outline(linksOf(event)),
      isPlainObject(details) ? outline(Object.entries(details)) : textAt(alert, 'custom_details'),
    ],
  });
}

function linksOf(event: unknown): [string, string | null][] {
  const client = textAt(event, 'client');
  const clientUrl = webLink(textAt(event, 'client_url'));
  return [
    ...listAt(event, 'links').map((link): [string, string | null] => [
      textAt(link, 'text') ?? 'Link',
      webLink(textAt(link, 'href')),
    ]),
    // The picture itself where it leads nowhere.
    ...listAt(event, 'images').map((image): [string, string | null] => [
      textAt(image, 'alt') ?? 'Image',
      webLink(textAt(image, 'href')) ?? webLink(textAt(image, 'src')),
    ]),
    ['Client', [client, clientUrl].filter((part) => part !== null).join(', ')],
  ];
}
