export const contactMethodTypes = ['email', 'slack', 'webhook'] as const;
export type ContactMethodType = (typeof contactMethodTypes)[number];

/** Where a contact method leads. All but an e-mail address is secret. */
export type ContactTarget =
  | { type: 'email'; address: string }
  | { type: 'slack'; url: string }
  | { type: 'webhook'; url: string; secret: string };

export const mostContactMethods = 10;

/** Seconds for which a code can be given back. */
export const codeValidity = 900;
/** Seconds between two codes for the same contact method. */
export const codeInterval = 60;
/** Guesses at one code: of a million, so few find it once in a hundred thousand times. */
export const mostCodeTries = 10;
