/** Queries of graphs are long. */
const longestLink = 4_096;

/** The address if it leads into the web, spelled as browsers do; null for anything else, such as a script. */
export function webLink(text: string | null): string | null {
  if (text === null || text.length > longestLink || !URL.canParse(text)) return null;
  const { protocol, href } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && href.length <= longestLink ? href : null;
}
