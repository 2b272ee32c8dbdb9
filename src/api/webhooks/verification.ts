import { z } from 'zod';
import { toleranceSeconds } from '../../inbound/verification/timestamp.ts';
import { verificationSchemes, verificationTypes } from '../../inbound/verification/index.ts';
import type { NewVerification, Verification } from '../../stores/webhooks.ts';
import { text } from '../fields.ts';

/** Stands where a secret is shown; taken back it means the secret that there is. */
const redacted = '[redacted]';

const type = z.enum(verificationTypes);
const username = text(255).refine((value) => !value.includes(':'), 'must not contain a colon');
const timestampHeader = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be a header name of letters, digits and hyphens')
  .toLowerCase()
  .meta({
    description: `\`grafana\`: the header with the time of signing, which must be within ${toleranceSeconds} s.`,
  });

export const newVerification = z
  .strictObject({
    type,
    secret: text(512)
      .optional()
      .meta({ description: `Never shown again. Left out, or \`${redacted}\`: the one there is, if the type stays.` }),
    username: username.optional().meta({ description: '`basic` alone, and required there.' }),
    timestamp_header: timestampHeader.optional(),
  })
  .superRefine((given, context) => {
    const fault = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    const problem = secretOf(given) === null ? null : verificationSchemes[given.type].secretProblem(given.secret!);
    if (problem) fault('secret', problem);
    if (given.type === 'basic' && given.username === undefined) fault('username', 'is required');
    if (given.type !== 'basic' && given.username !== undefined) fault('username', 'belongs to basic alone');
    if (given.type !== 'grafana' && given.timestamp_header !== undefined)
      fault('timestamp_header', 'belongs to grafana alone');
  })
  .meta({ id: 'NewVerification', description: 'How senders prove who they are. Others get 401.' });

export const verification = z
  .object({
    type,
    secret: z.literal(redacted),
    username: z.string().optional(),
    timestamp_header: z.string().optional(),
  })
  .meta({ id: 'Verification' });

export function draftOfVerification(given: z.output<typeof newVerification>): NewVerification {
  const { username, timestamp_header: header } = given;
  return { type: given.type, username, timestampHeader: header, secret: secretOf(given) };
}

export function presentVerification(row: Verification): z.input<typeof verification> {
  return { type: row.type, secret: redacted, username: row.username, timestamp_header: row.timestampHeader };
}

/** Null: the one there is. */
function secretOf({ secret }: { secret?: string | undefined }): string | null {
  return secret === undefined || secret === redacted ? null : secret;
}
