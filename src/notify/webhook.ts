import { incidentReference } from '../domain/incident/incident.ts';
import type { Message, PageMessage } from '../domain/notification/message.ts';
import type { Post } from '../outbound/post.ts';
import { signatureHeaders } from '../outbound/signature.ts';
import { shorten } from '../outbound/text.ts';
import type { Channel } from './channel.ts';

const longestName = 512;
const longestText = 3_000;

/** Standard Webhooks 1.0, signed with the contact method's own secret: `{type, timestamp, data}`. */
export function createWebhookChannel(post: Post): Channel<'webhook'> {
  return {
    async send({ url, secret }, message, at) {
      const body = JSON.stringify(renderWebhook(message, at));
      const timestamp = Math.floor(at.getTime() / 1_000);
      const headers = signatureHeaders({ id: message.id, timestamp, body }, [secret]);
      const { outcome, error, durationMs } = await post({ url, headers, body });
      return { error: outcome === 'success' ? null : (error ?? outcome), durationMs };
    },
  };
}

export function renderWebhook(message: Message, at: Date) {
  if (message.kind === 'page')
    return { type: 'notification', timestamp: message.snapshot.transition.at, data: pageData(message) };
  const { code, memberName, organisationName } = message;
  return {
    type: 'contact_method.verification',
    timestamp: at.toISOString(),
    data: { code, member: { name: memberName }, organisation: { name: organisationName } },
  };
}

function pageData({ id, reason, memberName, snapshot, links }: PageMessage) {
  const { incident, organisation, team, service } = snapshot;
  return {
    id,
    reason,
    member: { name: shorten(memberName, longestName) },
    incident: {
      id: incident.id,
      number: incident.number,
      reference: incidentReference(incident.number),
      name: shorten(incident.name, longestName),
      description: shorten(incident.description, longestText),
      status: incident.status,
      urgency: incident.urgency,
      severity: incident.severity ?? null,
      priority: incident.priority ?? null,
      created_at: incident.createdAt,
    },
    organisation: { id: organisation.id, name: shorten(organisation.name, longestName) },
    team: { id: team.id, name: shorten(team.name, longestName) },
    service: { type: service.type, id: service.id, name: shorten(service.name, longestName) },
    links,
  };
}
