export interface Announcement {
  apiUrl: string;
  /** Given only when it has to be shown: at the first start. */
  newAdminKey: string | undefined;
  /** Where the made key is kept; undefined when ADMIN_API_KEY gave it. */
  secretsFile: string | undefined;
  /** Undefined when Temporal runs elsewhere. */
  temporalUiUrl: string | undefined;
  temporalAddress: string;
  webhookId: string | undefined;
}

/** What a person needs to know once the product runs, with commands to paste. */
export function announcement(about: Announcement): string {
  const lines = ['', 'Tocsin is ready.', '', `  API           ${about.apiUrl}`];
  if (about.newAdminKey)
    lines.push(
      `  Admin key     ${about.newAdminKey}`,
      `                (shown this once; kept in ${about.secretsFile})`,
    );
  if (about.temporalUiUrl) lines.push(`  Temporal UI   ${about.temporalUiUrl}`);
  lines.push(`  Temporal      ${about.temporalAddress}`, '');
  if (about.webhookId)
    lines.push(
      'Open an incident:',
      `  curl -X POST ${about.apiUrl}/v1/incident/webhook/${about.webhookId} -H 'Content-Type: application/json' -d '{"status":"down"}'`,
      '',
    );
  lines.push(
    'List incidents:',
    `  curl ${about.apiUrl}/v1/organisation/incidents -H "Authorization: Bearer ${keyInShell(about.secretsFile)}"`,
    '',
    'Stop with Ctrl-C.',
    '',
  );
  return lines.join('\n');
}

// Read where it is kept, so that the command can be pasted on any day and leaves no key in a shell's history.
function keyInShell(secretsFile: string | undefined): string {
  if (secretsFile === undefined) return '$ADMIN_API_KEY';
  const path = secretsFile.replaceAll("'", `'\\''`);
  return `$(sed -n 's/.*"adminApiKey": "\\(.*\\)".*/\\1/p' '${path}')`;
}
