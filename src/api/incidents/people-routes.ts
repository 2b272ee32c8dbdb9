import { Refusal } from '../../domain/error-code.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField } from '../errors.ts';
import { defineRoute, type Route } from '../route.ts';
import { unknownAssignees } from './assignees.ts';
import { delegateBody, reassignBody, replyBody, responderBody } from './request-schema.ts';
import { commandRoute, createSendCommand } from './send-command.ts';

/** The commands that say who works on an incident. */
export function createPeopleRoutes(deps: ApiDeps): Route[] {
  const { stores, sql } = deps;
  const send = createSendCommand(deps);

  return [
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/reassign',
      summary: 'Give an incident to other people: they are asked, and its escalation policy asks nobody any more',
      body: reassignBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { key, body } = context;
        return send(
          context,
          () => ({ type: 'reassign', assignees: body.assignees }),
          () => unknownAssignees(stores.members, key.organisationId, body.assignees),
        );
      },
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/delegate',
      summary: 'Give an incident to another escalation policy, from its first level on',
      description: 'Its age begins anew, too. The incident keeps the policy as it is now.',
      body: delegateBody,
      refusals: ['incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { key, body } = context;
        return send(context, async ({ status }) => {
          // The policy counts whom it was given to.
          if (status === 'resolved') throw new Refusal('incident_resolved', 'The incident is resolved already.');
          const policy = await stores.escalationPolicies.take(key.organisationId, body.escalation_policy_id, sql);
          if (!policy) throw invalidField('escalation_policy_id', 'is not an escalation policy of this organisation');
          return { type: 'delegate', policy };
        });
      },
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/responder',
      summary: 'Ask a member to help with an incident',
      body: responderBody,
      refusals: ['limit_reached', 'incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { key, body } = context;
        return send(
          context,
          () => ({ type: 'responder', memberIds: [body.member_id], message: body.message }),
          async () => {
            const member = await stores.members.get(key.organisationId, body.member_id);
            return member ? [] : [{ field: 'member_id', message: 'is not a member of this organisation' }];
          },
        );
      },
    }),
    defineRoute({
      ...commandRoute,
      path: '/v1/incident/{id}/responder-reply',
      summary: 'Accept or decline to help, as a member who was asked to',
      body: replyBody,
      refusals: ['not_a_responder', 'incident_resolved', 'not_confirmed'],
      handler: (context) => {
        const { member_id: memberId, reply } = context.body;
        return send(context, () => ({ type: 'responder_reply', memberId, reply }));
      },
    }),
  ];
}
