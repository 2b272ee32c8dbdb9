import type { CheckResult } from '../incident/snapshot.ts';
import { parsePath, valueAt } from './path.ts';
import { textOf } from './scalar.ts';
import { toStorable } from './storable.ts';

/** Where a webhook's payloads report a check; see `parsePath` for the form of each. */
export interface CheckPaths {
  httpStatusCode?: string | null;
  responseTimeMs?: string | null;
  error?: string | null;
}

const longestError = 1_024;

/**
 * The check an event reports. Null where the path is not set, leads nowhere, or finds something else: the status is a
 * whole number from 100 to 599, the time (milliseconds, rounded) not negative, both also as text; the error is text,
 * cut to 1,024 characters.
 */
export function readCheck(payload: unknown, paths: CheckPaths, receivedAt: string): CheckResult {
  const at = (text: string | null | undefined) => {
    const parsed = text ? parsePath(text) : null;
    return parsed && 'path' in parsed ? valueAt(payload, parsed.path) : undefined;
  };
  return {
    httpStatusCode: statusCode(numberOf(at(paths.httpStatusCode))),
    responseTimeMs: milliseconds(numberOf(at(paths.responseTimeMs))),
    error: errorText(at(paths.error)),
    checkedAt: receivedAt,
  };
}

function numberOf(value: unknown): number | null {
  if (typeof value === 'boolean') return null;
  const text = textOf(value);
  return text !== null && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : null;
}

function statusCode(value: number | null): number | null {
  return value !== null && Number.isInteger(value) && value >= 100 && value <= 599 ? value : null;
}

function milliseconds(value: number | null): number | null {
  return value !== null && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? Math.round(value) : null;
}

function errorText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return toStorable(value.slice(0, longestError));
}
