import { Refusal } from '../../domain/error-code.ts';
import { mostReplacedSecrets } from '../../stores/subscription-secrets.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidField, notFound } from '../errors.ts';
import { pathId } from '../fields.ts';
import { defineRoute, type Route } from '../route.ts';
import { requireSight } from './change-subscription.ts';
import { secretFaults } from './check-subscription.ts';
import { presentSubscription, rotation, subscription, subscriptionWithSecret } from './schema.ts';

/** What is done to a subscription beside its settings: switching it on and off, another secret. */
export function createSubscriptionStateRoutes({ stores }: ApiDeps): Route[] {
  const switchRoute = (word: 'enable' | 'disable', description: string) =>
    defineRoute({
      method: 'POST',
      path: `/v1/subscription/{id}/${word}`,
      summary: `${word === 'enable' ? 'Enable' : 'Disable'} a subscription`,
      description,
      tag: 'Subscriptions',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      responses: { 200: subscription },
      refusals: [],
      handler: ({ key: { organisationId }, params, transaction }) =>
        transaction(async (tx) => {
          const enabled = word === 'enable';
          const changed = await stores.subscriptions.update(organisationId, params.id, { enabled }, tx);
          if (!changed) throw notFound();
          return { status: 200 as const, body: presentSubscription(changed) };
        }),
    });

  return [
    switchRoute('enable', 'What still waits for it is sent. Failures of before count no more.'),
    switchRoute(
      'disable',
      'Nothing is sent to it, and of what happens from now on it is not told. What waits for it is kept until it is enabled.',
    ),
    defineRoute({
      method: 'POST',
      path: '/v1/subscription/{id}/rotate-secret',
      summary: 'Replace the signing secret of a subscription',
      description: `The new one is shown once. Those before it sign as well until they expire, at most ${mostReplacedSecrets} at once.`,
      tag: 'Subscriptions',
      role: 'command',
      auth: 'key',
      permission: 'manage_webhooks',
      params: pathId,
      body: rotation,
      responses: { 200: subscriptionWithSecret },
      refusals: ['limit_reached'],
      handler: ({ key, params, body, transaction }) =>
        transaction(async (tx) => {
          const { organisationId } = key;
          const held = await stores.subscriptions.hold(organisationId, params.id, tx);
          if (!held) throw notFound();
          // Whoever knows the secret can tell the receiver of private incidents in our name.
          if (held.subscription.includesPrivate) requireSight(key);
          const [fault] = body.secret === undefined ? [] : secretFaults(body.secret, held.subscription.dialect);
          if (fault) throw invalidField(fault.field, fault.message);
          const wanted = { secret: body.secret ?? null, expiresIn: body.expires_in };
          const rotated = await stores.subscriptions.rotateSecret(organisationId, params.id, wanted, tx);
          if (rotated === 'same') throw invalidField('secret', 'is the present one');
          if (rotated === 'full')
            throw new Refusal(
              'limit_reached',
              `${mostReplacedSecrets} earlier secrets still sign. Wait until one expires, or end them with expires_in 0.`,
            );
          const now =
            rotated === 'unknown' ? undefined : await stores.subscriptions.hold(organisationId, params.id, tx);
          if (!now || rotated === 'unknown') throw notFound();
          return { status: 200 as const, body: { ...presentSubscription(now.subscription), secret: rotated.secret } };
        }),
    }),
  ];
}
