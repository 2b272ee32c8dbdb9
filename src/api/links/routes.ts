import { z } from 'zod';
import { itself } from '../../domain/access/viewer.ts';
import { Refusal } from '../../domain/error-code.ts';
import { incidentReference } from '../../domain/incident/incident.ts';
import { createLinkTokens, type LinkGrant, type LinkPurpose } from '../../stores/link-tokens.ts';
import type { IncidentRead } from '../../stores/incident-reads.ts';
import type { Member } from '../../stores/members.ts';
import type { ApiDeps } from '../deps.ts';
import { carryOut } from '../incidents/carry-out.ts';
import { defineRoute, type Route } from '../route.ts';
import { pageHeaders, renderPage, type LinkPage } from './page.ts';

const html = z.string().meta({ examples: ['<!doctype html><html lang="en">…</html>'] });

const verbs: Record<LinkPurpose, { now: string; done: string }> = {
  acknowledge: { now: 'Acknowledge', done: 'acknowledged' },
  resolve: { now: 'Resolve', done: 'resolved' },
};

/** What a link leads to, or the page that says why to nothing. */
type Found = { grant: LinkGrant; incident: IncidentRead; member: Member } | Answer;
interface Answer {
  status: 200 | 404 | 409 | 410 | 503;
  body: string;
}

/**
 * The links in notifications. Mail scanners and chat programs open them unasked, so opening one shows a button and
 * changes nothing; only the button does. Whoever was asked about a private incident may act on it by them, too.
 */
export function createLinkRoutes(deps: ApiDeps): Route[] {
  const { stores } = deps;
  const common = {
    path: '/link/{token}',
    tag: 'Links',
    role: 'command',
    auth: 'none',
    html: true,
    headers: pageHeaders,
    params: z.object({ token: z.string() }),
    responses: { 200: html, 404: html, 409: html, 410: html, 503: html },
    refusals: [],
  } as const;

  return [
    defineRoute({
      ...common,
      method: 'GET',
      summary: 'The page of a link in a notification, for people',
      description:
        'Needs no key: the link says who may do what to which incident, and it is good for 24 hours. It changes nothing.',
      handler: async ({ params }) => {
        const found = await find(params.token);
        if ('status' in found) return found;
        return settled(found.grant, found.incident) ?? offer(found);
      },
    }),
    defineRoute({
      ...common,
      method: 'POST',
      summary: 'Carry out a link in a notification, as its member',
      description: 'What the button of the page does. It takes no body, and doing it twice does no harm.',
      handler: async ({ params, commandId }) => {
        const found = await find(params.token);
        if ('status' in found) return found;
        const { grant, incident, member } = found;
        const agent = { type: 'member', id: member.id, name: member.name } as const;
        const command = { id: commandId('command'), agent } as const;
        try {
          const after = await carryOut(
            deps,
            grant.organisationId,
            incident,
            grant.purpose === 'acknowledge'
              ? { ...command, type: 'acknowledge' }
              : { ...command, type: 'resolve', resolution: null, rootCause: null },
            itself,
          );
          return answer(200, {
            heading: `You ${verbs[grant.purpose].done} ${titleOf(after)}`,
            lines: [],
            button: null,
          });
        } catch (error) {
          return explained(error, found);
        }
      },
    }),
  ];

  async function find(token: string): Promise<Found> {
    const grant = createLinkTokens(deps.sealer).read(token, new Date());
    if (grant === 'unknown') return nowhere(404, 'This link leads nowhere', 'Was it copied as a whole?');
    if (grant === 'expired')
      return nowhere(410, 'This link is too old', 'Links are good for 24 hours. Newer notifications have newer ones.');
    const { organisationId, incidentId, memberId } = grant;
    const [incident, member] = await Promise.all([
      stores.incidentReads.get(organisationId, incidentId, itself),
      stores.members.get(organisationId, memberId),
    ]);
    if (!incident || !member) return nowhere(410, 'This link is of no use any more', 'What it was made for is gone.');
    return { grant, incident, member };
  }

  /** What people can do something about, as a page; the rest is left to be refused as ever. */
  async function explained(error: unknown, { grant, incident: { id } }: Exclude<Found, Answer>): Promise<Answer> {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'already_acknowledged' || error.code === 'incident_resolved') {
      const incident = await stores.incidentReads.get(grant.organisationId, id, itself);
      const page = incident && settled(grant, incident);
      if (page)
        return grant.purpose === 'acknowledge' && incident.status === 'resolved' ? { ...page, status: 409 } : page;
    }
    if (error.code !== 'not_confirmed' && error.code !== 'unavailable') throw error;
    const lines = ['It may still happen. Trying again does no harm.'];
    return answer(503, { heading: 'This could not be confirmed', lines, button: 'Try again' });
  }
}

function offer({ grant: { purpose }, incident, member }: Exclude<Found, Answer>): Answer {
  const lines = [incident.name, `You are ${member.name}.`];
  const title = incidentReference(incident.number);
  return answer(200, { heading: `${verbs[purpose].now} ${title}?`, lines, button: `${verbs[purpose].now} ${title}` });
}

/** The page of an incident that needs no such thing any more; undefined: it does. */
function settled({ purpose }: LinkGrant, incident: IncidentRead): Answer | undefined {
  const { status } = incident;
  if (status === 'triggered' || (status === 'acknowledged' && purpose === 'resolve')) return undefined;
  const at = status === 'resolved' ? incident.resolvedAt : incident.acknowledgedAt;
  const lines = [`Since ${at?.replace('T', ' ').slice(0, 19)} UTC. There is nothing left to do here.`];
  return answer(200, { heading: `${titleOf(incident)} is ${status} already`, lines, button: null });
}

function titleOf({ number, name }: IncidentRead): string {
  return `${incidentReference(number)} ${name}`;
}

function nowhere(status: 404 | 410, heading: string, line: string): Answer {
  return answer(status, { heading, lines: [line], button: null });
}

function answer(status: Answer['status'], page: LinkPage): Answer {
  return { status, body: renderPage(page) };
}
