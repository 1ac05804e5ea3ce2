import { setTimeout as sleep } from 'node:timers/promises';

import { readRetryAfter } from '@tidewaiter/egress';

/** Limit on the wait that a registry may request, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 5 * 60_000;

const FIRST_BACKOFF_MS = 200;

/** Wait that a registry requests, in milliseconds; undefined if it requests none. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  return readRetryAfter(header, now, MAX_RETRY_AFTER_MS);
}

/**
 * Backoff after consecutive failures, in milliseconds: doubling, with jitter so that workers do not
 * retry at once.
 */
export function backoffMs(failures: number): number {
  return FIRST_BACKOFF_MS * 2 ** (failures - 1) * (0.5 + Math.random());
}

/** Waits. An abort ends the wait early without an error: the request that follows reports it. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
