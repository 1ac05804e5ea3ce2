import type { Labels } from '@tidewaiter/domain';

import { isMuted } from '../matching/route.js';
import type { RouteMatch } from '../matching/route.js';
import type { MuteSnapshot } from './mute-snapshot.js';
import { mutedMs } from './waiting.js';

/** Alerts of a group that were sent and still fire. */
export interface Remindable<Alert> {
  alerts: readonly Alert[];
  /** Time of the last message; the current time for a message that is still on its way. */
  lastMs: number;
}

/** Alerts to repeat now, or the delay until the next check. */
export type Reminding<Alert> = { alerts: Alert[] } | { lookInMs: number };

/**
 * Decides whether a group is repeated after the route's `repeat_interval`; suppressed alerts are
 * left out.
 */
export function reminding<Alert extends { labels: Labels }>(
  { alerts, lastMs }: Remindable<Alert>,
  { quiet, route, nowMs }: { quiet: Pick<MuteSnapshot, 'reasonFor'>; route: RouteMatch; nowMs: number },
): Reminding<Alert> {
  // The first message is still held and goes out by itself.
  if (alerts.length === 0 || isMuted(route, nowMs)) return { lookInMs: mutedMs };
  const leftMs = lastMs + route.repeatIntervalMs - nowMs;
  if (leftMs > 0) return { lookInMs: leftMs };
  const reasons = alerts.map(({ labels }) => quiet.reasonFor(labels));
  if (reasons.every((reason) => reason !== null)) {
    // A silence may be ended early, so check as often as Alertmanager flushes a group.
    return { lookInMs: Math.min(...reasons.map((reason) => reason?.forMs ?? mutedMs), route.groupIntervalMs) };
  }
  return { alerts: alerts.filter((_, index) => reasons[index] === null) };
}
