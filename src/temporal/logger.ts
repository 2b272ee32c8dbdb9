import type { Logger as TemporalLogger, LogLevel } from '@temporalio/worker';
import type { Logger } from '../logger.ts';

/** Warned of at every start, and meant so: the pumps' workers run activities only. */
const expected = /^No workflows registered/;

/** Lets the SDK log through ours. Its INFO lines are about the SDK itself, so they are debug to an operator. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const levels = { TRACE: 'trace', DEBUG: 'trace', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
  const log = (level: LogLevel, message: string, meta?: Record<string | symbol, unknown>) =>
    logger[expected.test(message) ? 'debug' : levels[level]](plain(meta), message);
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

function plain(meta: Record<string | symbol, unknown> | undefined): Record<string, unknown> {
  const { error, ...rest } = (meta ?? {}) as Record<string, unknown>;
  return error === undefined ? rest : { ...rest, err: error };
}
