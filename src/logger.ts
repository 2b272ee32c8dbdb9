import { pino } from 'pino';

export type Logger = pino.Logger;

/** One structured line an event on standard output. Keys and secrets never reach it: callers log ids, and `redact` is the safety net. */
export function createLogger(level: string, name: string): Logger {
  return pino({
    level,
    name,
    redact: ['*.secret', '*.authorization', '*.password', '*.databaseUrl', '*.adminApiKey', '*.secretKey'],
  });
}
