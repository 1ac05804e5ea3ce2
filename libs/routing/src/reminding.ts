import type { Labels } from '@tidewaiter/domain';

import type { QuietNow } from './quiet.js';
import { isMuted } from './route.js';
import type { RouteMatch } from './route.js';
import { mutedMs } from './waiting.js';

/** What a group was told of and still fires. */
export interface Remindable<Alert> {
  alerts: readonly Alert[];
  /** When it was told last; of what is on its way, now. */
  lastMs: number;
}

/** What is told again now, or when somebody looks at it again. */
export type Reminding<Alert> = { tell: Alert[] } | { lookInMs: number };

/** Whether a group is told again: what nobody wants to hear waits on. The route gives `repeat_interval`. */
export function reminding<Alert extends { labels: Labels }>(
  { alerts, lastMs }: Remindable<Alert>,
  { quiet, route, nowMs }: { quiet: Pick<QuietNow, 'reasonFor'>; route: RouteMatch; nowMs: number },
): Reminding<Alert> {
  // None of it was told yet: it waits itself.
  if (alerts.length === 0 || isMuted(route, nowMs)) return { lookInMs: mutedMs };
  const leftMs = lastMs + route.repeatIntervalMs - nowMs;
  if (leftMs > 0) return { lookInMs: leftMs };
  const reasons = alerts.map(({ labels }) => quiet.reasonFor(labels));
  if (reasons.every((reason) => reason !== null)) {
    // A silence may be ended before its time: looked at as often as Alertmanager looks at a group.
    return { lookInMs: Math.min(...reasons.map((reason) => reason?.forMs ?? mutedMs), route.groupIntervalMs) };
  }
  return { tell: alerts.filter((_, index) => reasons[index] === null) };
}
