/**
 * Cuts a text so that it takes at most `bytes` in a JSON body, where a control character becomes six; what is cut
 * ends with an ellipsis. Never cuts a character in two.
 */
export function shorten(text: string, bytes: number): string {
  // No character takes fewer than one byte, so longer texts need not be measured whole.
  if (text.length <= bytes && jsonBytes(text) <= bytes) return text;
  const room = bytes - jsonBytes('…');
  let used = 0;
  let kept = '';
  for (const character of text) {
    used += jsonBytes(character);
    if (used > room) break;
    kept += character;
  }
  return `${kept}…`;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
