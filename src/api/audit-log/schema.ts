import { z } from 'zod';
import { auditActions, type AuditEntry, auditSubjects } from '../../stores/audit-log.ts';
import { id, page, queryTime, timestamp } from '../fields.ts';
import { agent, presentAgent } from '../incidents/agent.ts';

const row = z.record(z.string(), z.unknown()).nullable().meta({
  description:
    'As it is stored. `[hidden]` stands for what is secret, or forgotten with its row, `[changed]` for one that another took the place of.',
});

export const auditEntry = z
  .object({
    id,
    at: timestamp,
    agent: agent.nullable().meta({ description: 'Who did it; null: the product itself.' }),
    api_key_id: id.nullable().meta({ description: 'The key it came with, also where that acts as a member.' }),
    ip: z.string().nullable(),
    request_id: z.string().nullable(),
    action: z.enum(auditActions),
    subject_type: z.enum(auditSubjects),
    subject_id: z.string(),
    subject_name: z.string().nullable(),
    before: row,
    after: row,
  })
  .meta({
    id: 'AuditEntry',
    examples: [
      {
        id: '01993c4d-9a3b-4c20-9a3b-4c5d6e7f8091',
        at: '2026-03-01T09:10:00.000Z',
        agent: { type: 'key', id: '01993c4b-1a2c-7d4e-9f50-6b7c8d9e0f1a', name: 'Terraform' },
        api_key_id: '01993c4b-1a2c-7d4e-9f50-6b7c8d9e0f1a',
        ip: '192.0.2.17',
        request_id: '01993c4d-9a3a-7c20-8a3b-4c5d6e7f8091',
        action: 'updated',
        subject_type: 'team',
        subject_id: '01993c4d-5e1f-7c20-9a3b-4c5d6e7f8091',
        subject_name: 'Payments and billing',
        before: { name: 'Payments', time_zone: 'Europe/Berlin' },
        after: { name: 'Payments and billing', time_zone: 'Europe/Berlin' },
      },
    ],
  });

export const auditQuery = z.strictObject({
  ...page,
  subject_type: z.enum(auditSubjects).optional(),
  subject_id: id.optional(),
  action: z.enum(auditActions).optional(),
  api_key_id: id.optional(),
  since: queryTime.optional(),
  until: queryTime.optional(),
});

export function presentAuditEntry(entry: AuditEntry): z.input<typeof auditEntry> {
  return {
    id: entry.id,
    at: entry.at,
    agent: entry.agent && presentAgent(entry.agent),
    api_key_id: entry.apiKeyId,
    ip: entry.ip,
    request_id: entry.requestId,
    action: entry.action,
    subject_type: entry.subjectType,
    subject_id: entry.subjectId,
    subject_name: entry.subjectName,
    before: entry.before,
    after: entry.after,
  };
}
