import type { IncidentChanges } from '../../domain/incident/command.ts';
import { detailsOf } from '../../domain/incident/details-of.ts';
import type { CommandContent, ContentChanges } from '../../stores/command-contents.ts';
import type { IncidentCommand } from '../../temporal/incident-workflows.ts';

/** What the workflow of a private incident hears in place of every text. */
export const concealed = '(private)';

export interface Concealed {
  /** Without what people wrote. */
  command: IncidentCommand;
  /** What they wrote, by the ids of the transitions that it belongs to. */
  contents: { commandId: string; content: CommandContent }[];
}

/**
 * Takes from a command what must not stand in Temporal when its incident is private: workflows know such an incident's
 * id and number, and none of its texts. Ids, times, urgencies and names of those who act stay.
 */
export function conceal(command: IncidentCommand): Concealed {
  const { id } = command;
  const withContent = (told: IncidentCommand, content: CommandContent): Concealed => {
    return { command: told, contents: [{ commandId: id, content }] };
  };
  switch (command.type) {
    case 'note':
      return withContent({ ...command, content: concealed }, { details: { content: command.content } });
    case 'status_update':
      return withContent({ ...command, message: concealed }, { details: { message: command.message } });
    case 'responder':
      return withContent({ ...command, message: concealed }, { details: { message: command.message } });
    case 'priority': {
      const { priority } = command;
      return withContent(
        { ...command, priority: hide(priority) },
        { changes: { priority }, details: { priority: command.priority } },
      );
    }
    case 'conference_bridge': {
      const { number, url } = command;
      const conferenceBridge = number === null && url === null ? null : { number, url };
      return withContent(
        { ...command, number: hide(number), url: hide(url) },
        { changes: { conferenceBridge }, details: { conference_bridge: conferenceBridge } },
      );
    }
    case 'resolve': {
      const texts = present({ resolution: command.resolution, rootCause: command.rootCause });
      return withContent(
        { ...command, resolution: null, rootCause: null },
        { changes: texts, details: present({ resolution: command.resolution, root_cause: command.rootCause }) },
      );
    }
    case 'change':
      return concealChange(command);
    case 'acknowledge':
    case 'unacknowledge':
    case 'escalate':
    case 'reassign':
    case 'delegate':
    case 'snooze':
    case 'reopen':
    case 'responder_reply':
    case 'pending_action':
    case 'merge':
    case 'merged':
    case 'action':
      return { command, contents: [] };
  }
}

/** Its parts have ids of their own (workflows/incident/composite-change.ts). */
function concealChange(command: Extract<IncidentCommand, { type: 'change' }>): Concealed {
  const { id, changes, priority = null, status } = command;
  const contents: Concealed['contents'] = [];
  if (changes !== null) {
    const commandId = status === null ? id : `${id}:change`;
    contents.push({ commandId, content: { changes: textsOf(changes), details: detailsOf(changes) } });
  }
  if (priority !== null) {
    const commandId = status === null && changes === null ? id : `${id}:priority`;
    contents.push({ commandId, content: { changes: { priority: priority.to }, details: { priority: priority.to } } });
  }
  return {
    command: {
      ...command,
      changes: changes && othersOf(changes),
      priority: priority && { to: hide(priority.to) },
    },
    contents,
  };
}

function textsOf({ name, description, severity, resolution, rootCause }: IncidentChanges): ContentChanges {
  const given = Object.entries({ name, description, severity, resolution, rootCause });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** What timers and paging depend on. */
function othersOf({ urgency, assignees }: IncidentChanges): IncidentChanges {
  return { ...(urgency === undefined ? {} : { urgency }), ...(assignees === undefined ? {} : { assignees }) };
}

function present<Texts extends Record<string, string | null>>(texts: Texts) {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== null)) as {
    [Name in keyof Texts]?: string;
  };
}

function hide(text: string | null): string | null {
  return text === null ? null : concealed;
}
