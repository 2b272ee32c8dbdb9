import { factsOf, openingOf, subjectOf, type Message } from '../domain/notification/message.ts';
import { escapeHtml } from './html.ts';

/** A mail as text and as HTML that say the same. */
export function renderEmail(message: Message): { subject: string; text: string; html: string } {
  const subject = subjectOf(message);
  const opening = openingOf(message);
  if (message.kind === 'code')
    return {
      subject,
      text: `${opening}\n\n${message.code}\n`,
      html: page(
        `<p>${escapeHtml(opening)}</p><p style="font-size:1.5em;letter-spacing:.1em">${escapeHtml(message.code)}</p>`,
      ),
    };

  const facts = factsOf(message);
  const { acknowledge, resolve } = message.links;
  const links = `Acknowledge: ${acknowledge}\nResolve: ${resolve}\n`;
  const rows = facts.map(([label, value]) => {
    // White space is part of what people wrote.
    return `<tr><th align="left" valign="top">${escapeHtml(label)}</th><td style="white-space:pre-wrap">${escapeHtml(value)}</td></tr>`;
  });
  return {
    subject,
    text: [subject, opening, facts.map(([label, value]) => `${label}: ${value}`).join('\n'), links].join('\n\n'),
    html: page(
      [
        `<h1 style="font-size:1.2em">${escapeHtml(subject)}</h1><p>${escapeHtml(opening)}</p>`,
        `<table cellpadding="4">${rows.join('')}</table>`,
        `<p><a href="${escapeHtml(acknowledge)}">Acknowledge</a> &nbsp; <a href="${escapeHtml(resolve)}">Resolve</a></p>`,
      ].join(''),
    ),
  };
}

function page(content: string): string {
  return `<!doctype html><html><body style="font-family:sans-serif">${content}</body></html>`;
}
