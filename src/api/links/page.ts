import { createHash } from 'node:crypto';
import { escapeHtml } from '../../notify/html.ts';

const style =
  'body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}';

/** Nothing runs, nothing is loaded, nobody frames it; its one form goes back to where it came from. */
export const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'X-Robots-Tag': 'noindex, nofollow',
} as const;

export interface LinkPage {
  /** Plain text. */
  heading: string;
  lines: string[];
  /** What the button says that carries the link out; null: there is nothing to carry out. */
  button: string | null;
}

/** A page that works without scripts. The form has no address, so it posts to that of the page. */
export function renderPage({ heading, lines, button }: LinkPage): string {
  const form = button === null ? '' : `<form method="post"><button>${escapeHtml(button)}</button></form>`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(heading)}</title><style>${style}</style></head>`,
    `<body><h1>${escapeHtml(heading)}</h1>${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('')}${form}</body></html>`,
  ].join('');
}
