import { basic } from './basic.ts';
import { bearer } from './bearer.ts';
import { github } from './github.ts';
import { grafana } from './grafana.ts';
import { pagerduty } from './pagerduty.ts';
import type { VerificationScheme } from './scheme.ts';
import { standardWebhooks } from './standard-webhooks.ts';

/** Every way in which a sender can be verified, by its name. */
export const verificationSchemes = {
  'standard-webhooks': standardWebhooks,
  pagerduty,
  github,
  grafana,
  bearer,
  basic,
} as const satisfies Record<string, VerificationScheme>;

export type VerificationType = keyof typeof verificationSchemes;

export const verificationTypes = Object.keys(verificationSchemes) as [VerificationType, ...VerificationType[]];
