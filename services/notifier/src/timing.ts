import type { RouteMatch } from '@tidewaiter/routing';

/** Messages to one channel within a minute; what comes beyond that is told together. */
export const stormSize = 5;
export const stormMs = 60_000;
/** How the name of a group ends that waits for the hour of a receiver's digest. */
export const digestMark = '\ndigest';
/** How often somebody looks whether what is muted may be told. */
export const mutedMs = 60_000;

/**
 * For how long a message waits for others of its group. Where the file gives no times it does not wait: a push or an incident is one
 * message anyway.
 * @param quietMs for how long nothing was told of the group; null for ever
 */
export function groupWaitMs(match: RouteMatch, quietMs: number | null): number {
  const intervalMs = match.given.has('group_interval') ? match.groupIntervalMs : 0;
  if (quietMs !== null && quietMs < intervalMs) return intervalMs - quietMs;
  return match.given.has('group_wait') ? match.groupWaitMs : 0;
}
