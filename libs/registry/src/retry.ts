import { setTimeout as sleep } from 'node:timers/promises';

/** A registry cannot ask us to stay away for longer than this, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 5 * 60_000;

const FIRST_BACKOFF_MS = 200;

const seconds = /^\d{1,10}$/;

/**
 * Milliseconds to stay away, from a `Retry-After` of seconds or of a date; undefined when it is absent or unreadable.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = seconds.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** How long to wait after so many failures in a row, in milliseconds: doubling, and spread so that workers do not come back as one. */
export function backoffMs(failures: number): number {
  return FIRST_BACKOFF_MS * 2 ** (failures - 1) * (0.5 + Math.random());
}

/** Waits. An abort ends the wait early without an error: the request that follows reports it in our words. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
