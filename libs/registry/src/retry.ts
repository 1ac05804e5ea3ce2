import { setTimeout as sleep } from 'node:timers/promises';

import { readRetryAfter } from '@tidewaiter/egress';

/** A registry cannot ask us to stay away for longer than this, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 5 * 60_000;

const FIRST_BACKOFF_MS = 200;

/** For how many milliseconds a registry asks us to stay away; undefined when it does not. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  return readRetryAfter(header, now, MAX_RETRY_AFTER_MS);
}

/** How long to wait after so many failures in a row, in milliseconds: doubling, and spread so that workers do not come back as one. */
export function backoffMs(failures: number): number {
  return FIRST_BACKOFF_MS * 2 ** (failures - 1) * (0.5 + Math.random());
}

/** Waits. An abort ends the wait early without an error: the request that follows reports it in our words. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
