import type { Json } from '../support/api.ts';
import { poll } from '../support/poll.ts';
import type { Story } from '../support/story.ts';
import { probeEvent, type Scene } from './scene.ts';
import type { Happening } from './what-is-told.ts';

export interface Step {
  does: string;
  how: () => Promise<unknown>;
  /** What is then told, of `main` unless it says of whom. */
  tells: (Happening | [subject: string, what: Happening])[];
}

/** Incidents and services by the names that the steps use. */
export type Subjects = Map<string, { id: string; number?: number }>;

/** The life of an incident, step by step. */
export function lifeSteps(story: Story, theScene: () => Scene, subjects: Subjects): Step[] {
  const member = (index: number) => ({ type: 'member', id: theScene().memberIds[index]! });
  const ada = () => theScene().memberIds[0];
  const cem = () => theScene().memberIds[2];
  const path = (name: string) => `/v1/incident/${subjects.get(name)!.id}`;
  const command = (name: string, body: Json = {}, of = 'main') => story.done(`${path(of)}/${name}`, body);
  const open = async (name: string) => {
    const { body } = await story.event(theScene().webhook.id, probeEvent(name));
    const opened = await poll(async () => {
      const event = await story.request('GET', `/v1/event/${body.id}`);
      return event.matches.find(({ outcome }: Json) => outcome === 'opened')?.incident_id as string | undefined;
    });
    const { id, number } = await poll(async () => (await story.get(`/v1/incident/${opened}`)).body);
    subjects.set(name, { id, number });
  };
  /** Lets a timer run out soon instead of later. */
  const hasten = (type: string) =>
    story.request('PUT', `${path('main')}/pending-action/${type}`, { at: new Date(Date.now() + 3_000).toISOString() });

  return [
    {
      does: 'creates the service',
      async how() {
        await theScene().createRuleset();
        subjects.set('service', { id: theScene().ruleset.id });
      },
      tells: [['service', 'service created']],
    },
    {
      does: 'changes the service',
      how: () => story.request('PUT', `/v1/ruleset/${theScene().ruleset.id}`, { description: 'Orders fail.' }),
      tells: [['service', 'service updated']],
    },
    { does: 'opens', how: () => open('main'), tells: ['triggered'] },
    { does: 'acknowledges', how: () => command('acknowledge', { by: ada() }), tells: ['acknowledged'] },
    { does: 'takes that back', how: () => command('unacknowledge', { by: ada() }), tells: ['unacknowledged'] },
    { does: 'escalates to two', how: () => command('escalate', { by: ada() }), tells: ['escalated'] },
    { does: 'acknowledges by key', how: () => command('acknowledge'), tells: ['acknowledged'] },
    { does: 'runs out', how: () => hasten('unacknowledge'), tells: ['timer moved', 'unacknowledged'] },
    { does: 'reassigns', how: () => command('reassign', { by: ada(), assignees: [member(2)] }), tells: ['reassigned'] },
    {
      does: 'delegates',
      how: () => command('delegate', { by: cem(), escalation_policy_id: theScene().policyIds[1] }),
      tells: ['delegated'],
    },
    { does: 'sets a priority', how: () => command('priority', { priority: 'P1' }), tells: ['priority updated'] },
    { does: 'notes', how: () => command('note', { by: cem(), content: 'It is DNS.' }), tells: ['annotated'] },
    {
      does: 'publishes',
      how: () => command('status-update', { message: 'We are on it.' }),
      tells: ['status update published'],
    },
    {
      does: 'asks for help',
      how: () => command('responder', { by: cem(), member_id: member(1).id, message: 'You know it best.' }),
      tells: ['responder added'],
    },
    {
      does: 'is helped',
      how: () => command('responder-reply', { member_id: member(1).id, reply: 'accepted' }),
      tells: ['responder replied'],
    },
    {
      does: 'has a bridge',
      how: () => command('conference-bridge', { number: '+1 415 555 0100,,1234#', url: 'https://meet.example.com/1' }),
      tells: ['conference bridge updated'],
    },
    { does: 'snoozes', how: () => command('snooze', { by: cem(), duration: 600 }), tells: ['snoozed while triggered'] },
    {
      does: 'is told more exactly',
      how: () =>
        story.request('PUT', path('main'), { name: 'DNS is failing', severity: 'SEV1', description: 'All of it.' }),
      tells: ['renamed'],
    },
    {
      does: 'is given to somebody by an update',
      how: () => story.request('PUT', path('main'), { assignees: [member(1)] }),
      tells: ['reassigned by an update'],
    },
    {
      does: 'resolves',
      how: () => command('resolve', { by: cem(), root_cause: 'An expired domain', resolution: 'Renewed' }),
      tells: ['resolved'],
    },
    { does: 'reopens', how: () => command('reopen', { by: ada() }), tells: ['reopened'] },
    { does: 'opens another', how: () => open('other'), tells: [['other', 'triggered']] },
    {
      does: 'merges it',
      how: () => command('merge', { by: ada(), incident_ids: [subjects.get('other')!.id] }),
      tells: ['merged another', ['other', 'resolved']],
    },
    { does: 'resolves itself', how: () => hasten('resolve'), tells: ['timer moved', 'resolved'] },
    {
      does: 'opens one by hand: no webhook, no ruleset, no policy, nobody named',
      async how() {
        const name = 'Die Bestellungen „hängen“';
        const given = {
          name,
          description: '',
          urgency: 'low',
          auto_resolve_timeout: 14_400,
          acknowledgement_timeout: 1_800,
        };
        subjects.set('by hand', await story.done(`/v1/team/${theScene().teamId}/incident`, given));
      },
      tells: [['by hand', 'triggered']],
    },
    {
      does: 'acknowledges that',
      how: () => command('acknowledge', {}, 'by hand'),
      tells: [['by hand', 'acknowledged']],
    },
    {
      does: 'escalates that to the team',
      how: () => command('escalate', {}, 'by hand'),
      tells: [['by hand', 'escalated while acknowledged']],
    },
    { does: 'resolves that', how: () => command('resolve', {}, 'by hand'), tells: [['by hand', 'resolved']] },
    {
      does: 'opens one in private',
      async how() {
        const given = {
          name: 'Somebody reads our mail',
          description: 'All of it.',
          urgency: 'high',
          visibility: 'private',
        };
        subjects.set('private', await story.done(`/v1/team/${theScene().teamId}/incident`, given));
      },
      tells: [['private', 'triggered in private']],
    },
    {
      does: 'resolves that in private',
      how: () => command('resolve', {}, 'private'),
      tells: [['private', 'resolved in private']],
    },
    {
      does: 'deletes the service',
      how: () => story.request('DELETE', `/v1/ruleset/${theScene().ruleset.id}`),
      tells: [['service', 'service deleted']],
    },
  ];
}
