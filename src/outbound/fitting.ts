/** The most of one value: bytes in JSON of a text or a name, elements of a list. */
export interface Bounds {
  text: number;
  name: number;
  list: number;
}

/** How far a body is cut, widest first, until it is no larger than that. */
export interface Fit<Limits> {
  steps: readonly Limits[];
  mostBytes: number;
}

/** Standard Webhooks 1.0 advises bodies under 20 KB. Usual ones fit the first step. */
export const standardFit: Fit<Bounds> = {
  steps: [
    { text: 3_000, name: 512, list: 50 },
    { text: 1_200, name: 256, list: 20 },
    { text: 400, name: 128, list: 10 },
    { text: 200, name: 64, list: 5 },
  ],
  mostBytes: 19_999,
};

/** What `render` makes of the widest limits under which it fits; of the tightest where none do. */
export function fitting<Limits, Body>(render: (limits: Limits) => Body, { steps, mostBytes }: Fit<Limits>): Body {
  const [widest, ...tighter] = steps;
  let body = render(widest!);
  for (const limits of tighter) {
    if (Buffer.byteLength(JSON.stringify(body)) <= mostBytes) break;
    body = render(limits);
  }
  return body;
}
