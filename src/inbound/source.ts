/** One alert that an event reports. */
export interface Occurrence {
  /** The part of the payload that is this alert; conditions see it beside the whole payload. */
  alert: unknown;
  /** The sender's own name for the problem: 1 to 255 storable characters. Null where the format has none. */
  dedupKey: string | null;
  /** What the sender says of it by name; a tag-check finds them beside the tags. */
  labels: Record<string, string>;
}

/** A format that senders speak. Never throws: a payload that does not fit gives no occurrences. */
export interface Source {
  name: string;
  /** `payload` is any JSON value. */
  read(payload: unknown): Occurrence[];
}
