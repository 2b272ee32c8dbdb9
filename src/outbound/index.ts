import type { Dialect } from './dialect.ts';
import { incidentIoV2 } from './incident-io-v2.ts';
import { pagerdutyV1 } from './pagerduty-v1.ts';
import { pagerdutyV2 } from './pagerduty-v2.ts';
import { pagerdutyV3 } from './pagerduty-v3.ts';
import { pulseapi } from './pulseapi.ts';
import { standard } from './standard.ts';

/** Every dialect a subscription can choose. A new one is a file beside these and a line here. */
export const dialects: Readonly<Record<string, Dialect>> = Object.assign(
  Object.create(null) as Record<string, Dialect>,
  {
    [standard.name]: standard,
    [pulseapi.name]: pulseapi,
    [incidentIoV2.name]: incidentIoV2,
    [pagerdutyV3.name]: pagerdutyV3,
    [pagerdutyV2.name]: pagerdutyV2,
    [pagerdutyV1.name]: pagerdutyV1,
  },
);

export const dialectNames: string[] = Object.keys(dialects);
