import { randomInt } from 'node:crypto';
import { codeInterval, codeValidity, mostCodeTries } from '../../domain/notification/contact-method.ts';
import { Refusal } from '../../domain/error-code.ts';
import type { ApiDeps } from '../deps.ts';
import { DetailedRefusal, notFound } from '../errors.ts';
import { messageOf } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { requireMember } from './require-member.ts';
import { contactMethod, contactMethodPath, givenCode, presentContactMethod } from './schema.ts';

export function createVerificationRoutes({ stores, channels }: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}/verification',
      summary: 'Send a code to a contact method',
      description: `Six digits, good for ${codeValidity / 60} minutes and ${mostCodeTries} tries, in place of an earlier code. At most one every ${codeInterval} seconds.`,
      tag: 'Notifications',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: contactMethodPath,
      responses: { 200: messageOf('The code was sent.') },
      refusals: ['already_verified', 'mail_not_set_up', 'not_delivered'],
      handler: async ({ key: { organisationId }, params, commandId }) => {
        const { id: memberId } = await requireMember(stores.members, organisationId, params);
        const { contact_method_id: methodId } = params;
        const method = await stores.contactMethods.get(organisationId, memberId, methodId);
        if (!method) throw notFound();
        if (method.type === 'email' && channels.email === null)
          throw new Refusal('mail_not_set_up', 'No mail can be sent: the operator has to set SMTP_URL and MAIL_FROM.');
        const code = String(randomInt(1_000_000)).padStart(6, '0');
        // Stored before it is sent, in a transaction of its own: whoever gets it can use it, and has to wait for another.
        const begun = await stores.contactMethods.beginVerification(organisationId, memberId, methodId, code);
        if (begun === 'unknown') throw notFound();
        if (begun === 'already_verified') throw alreadyVerified();
        if ('waitSeconds' in begun) throw tooSoon(begun.waitSeconds);
        const { target, memberName, organisationName } = begun;
        const message = { kind: 'code', id: commandId('code'), code, memberName, organisationName } as const;
        const { error } = await channels.send(target, message, new Date());
        if (error !== null) throw new Refusal('not_delivered', `The code could not be delivered: ${error}.`);
        return { status: 200, body: { message: 'The code was sent.' } };
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/team/{id}/member/{member_id}/contact-method/{contact_method_id}/verify',
      summary: 'Give a code back: the contact method is verified',
      description: 'A member without notification rules gets some: through this method, at once, whatever the urgency.',
      tag: 'Notifications',
      role: 'command',
      auth: 'key',
      permission: 'manage_settings',
      params: contactMethodPath,
      body: givenCode,
      responses: { 200: contactMethod },
      refusals: ['already_verified', 'wrong_code'],
      handler: async ({ key: { organisationId }, params, body, origin }) => {
        const { id: memberId } = await requireMember(stores.members, organisationId, params);
        const { contact_method_id: methodId } = params;
        const verified = await stores.contactMethods.verify(organisationId, memberId, methodId, body.code, origin);
        if (verified === 'unknown') throw notFound();
        if (verified === 'already_verified') throw alreadyVerified();
        if (verified === 'wrong_code')
          throw new Refusal('wrong_code', 'This is not the code that was sent, or it is used up or too old.');
        return { status: 200, body: presentContactMethod(verified) };
      },
    }),
  ];
}

function alreadyVerified(): Refusal {
  return new Refusal('already_verified', 'The contact method is verified already.');
}

function tooSoon(seconds: number): DetailedRefusal {
  const detail = `A code was sent less than ${codeInterval} seconds ago. Try again in ${seconds} s.`;
  return new DetailedRefusal('rate_limited', detail, { headers: { 'Retry-After': String(seconds) } });
}
