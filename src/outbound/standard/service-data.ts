import type { ServiceSnapshot } from '../../domain/webhook/outbound-event.ts';
import type { Cutter } from './cutter.ts';

/** `data` of a service that was created, updated or deleted: the service as it is from then on. */
export function serviceData({ service, team, agent }: ServiceSnapshot, cut: Cutter) {
  const { escalationPolicy = null, supportHours = null } = service;
  return {
    service: {
      type: service.type,
      id: service.id,
      number: service.number,
      name: cut.name('service.name', service.name),
      description: cut.text('service.description', service.description ?? ''),
      created_at: service.createdAt === undefined ? null : new Date(service.createdAt).toISOString(),
      // Of rulesets alone; seconds, null where the timer is off.
      acknowledgement_timeout: service.acknowledgementTimeout ?? null,
      auto_resolve_timeout: service.autoResolveTimeout ?? null,
      urgency: service.urgency ?? null,
      support_hours: supportHours && {
        time_zone: supportHours.timeZone,
        week_days: supportHours.weekDays,
        start_time: supportHours.startTime,
        end_time: supportHours.endTime,
        urgency: supportHours.urgency,
        otherwise: supportHours.otherwise,
      },
      escalation_policy: escalationPolicy && {
        id: escalationPolicy.id,
        name: cut.name('service.escalation_policy.name', escalationPolicy.name),
      },
    },
    team: team && { id: team.id, number: team.number, name: cut.name('team.name', team.name) },
    agent: { type: agent.type, id: agent.id, name: cut.name('agent.name', agent.name) },
  };
}
