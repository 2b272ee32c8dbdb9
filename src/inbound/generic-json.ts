import type { Source } from './source.ts';

/** Any JSON value at all: each event is one alert, and only conditions give it a meaning. */
export const genericJson: Source = {
  name: 'generic-json',
  read: (payload) => [{ action: 'trigger', alert: payload, dedupKey: null, labels: {}, opening: null }],
};
