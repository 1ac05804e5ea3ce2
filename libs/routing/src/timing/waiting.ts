import type { Labels } from '@tidewaiter/domain';

import type { Integration } from '../config/receiver.js';
import { type SummarySchedule, summaryWaitMs } from '../config/summary-schedule.js';
import { isMuted, type RouteMatch } from '../matching/route.js';
import type { MuteReason } from './mute-snapshot.js';

/** Number of messages to one channel within a minute above which further ones are merged. */
export const stormSize = 5;
export const stormMs = 60_000;
/** Interval at which the notifier rechecks held messages of muted routes. */
export const mutedMs = 60_000;

/** Whether a channel got so many messages within a minute that further ones are merged. */
export function isStorm({ isForPrograms }: Pick<Integration, 'isForPrograms'>, givenLately: number): boolean {
  return !isForPrograms && givenLately >= stormSize;
}

/** Why a message does not go out at once. */
export type WaitReason = 'summary' | 'muted' | 'quiet' | 'group';

/** Delay of a message and its reason; null where it goes out at once. */
export type Wait = { forMs: number; why: WaitReason } | null;

/** State of a group with pending alerts. */
export interface Waiting {
  /**
   * Null for a channel that shows an earlier message through a route that no longer sends it there.
   */
  match: RouteMatch | null;
  /** Summary times of the receiver; null where messages are not collected. */
  summary: SummarySchedule | null;
  /** Suppression reason of each alert; null for an alert that is not suppressed. */
  reasons: readonly (MuteReason | null)[];
  /** Time since the last message of the group; null if there was none. */
  quietMs: number | null;
  /** The channel shows the current state; an update there does not disturb anyone. */
  isShown: boolean;
  /** Default times where the route sets none; without it the message goes out at once. */
  usual?: GroupTimes;
}

/** `group_wait` and `group_interval` in milliseconds. */
export interface GroupTimes {
  waitMs: number;
  intervalMs: number;
}

/**
 * Batches advisory news: an import brings many advisories about the same images within seconds.
 * They form one message, and what follows soon the next.
 */
export const advisoryTimes: GroupTimes = { waitMs: 5_000, intervalMs: 60_000 };

const atOnce: GroupTimes = { waitMs: 0, intervalMs: 0 };

/** Decides whether and how long pending alerts of a group wait. */
export function waitOf({ match, summary, reasons, quietMs, isShown, usual }: Waiting, nowMs: number): Wait {
  if (summary !== null) return { forMs: summaryWaitMs(summary, nowMs), why: 'summary' };
  if (match !== null && isMuted(match, nowMs)) return { forMs: mutedMs, why: 'muted' };
  if (reasons.every((reason) => reason !== null)) {
    return { forMs: Math.min(...reasons.map((reason) => reason?.forMs ?? mutedMs)), why: 'quiet' };
  }
  if (match === null || (isShown && quietMs !== null)) return null;
  const forMs = groupWaitMs(match, quietMs, usual);
  return forMs > 0 ? { forMs, why: 'group' } : null;
}

/**
 * Time that a message waits for others of its group. Without times in the file it does not wait: a
 * push or an incident is one message anyway.
 */
export function groupWaitMs(match: RouteMatch, quietMs: number | null, usual: GroupTimes = atOnce): number {
  const intervalMs = match.given.has('group_interval') ? match.groupIntervalMs : usual.intervalMs;
  if (quietMs !== null && quietMs < intervalMs) return intervalMs - quietMs;
  return match.given.has('group_wait') ? match.groupWaitMs : usual.waitMs;
}

/** Alert in a held message. */
interface WaitingAlert {
  identity: string;
  labels: Labels;
  status: 'firing' | 'resolved';
}

/** Checks that decide over due messages. */
export interface Due<Alert> {
  isFiring(alert: Alert): boolean;
  reasonFor(labels: Labels): MuteReason | null;
  isMuted(route: string): boolean;
}

/** Due messages: some go out, some stay held, and some are obsolete. */
export interface Sorted<Message> {
  ready: Message[];
  /** Their alerts ended before they were sent. */
  over: Message[];
  /** Delay until the next check of the held ones; null where there are none. */
  waitMs: number | null;
}

/** Sorts due messages by whether they may go out now. */
export function sortDue<Alert extends WaitingAlert, Message extends { alerts: readonly Alert[]; route: string }>(
  due: readonly Message[],
  { isFiring, reasonFor, isMuted: isRouteMuted }: Due<Alert>,
): Sorted<Message & { alerts: Alert[] }> {
  const sorted: Sorted<Message & { alerts: Alert[] }> = { ready: [], over: [], waitMs: null };
  const waits = (ms: number) => (sorted.waitMs = Math.min(sorted.waitMs ?? Infinity, ms));
  // Drop the resolution of an alert whose start was never sent.
  const unsent = new Set(due.flatMap(({ alerts }) => alerts.filter(fires)).map(({ identity }) => identity));
  for (const each of due) {
    const alerts = each.alerts.filter((alert) => (fires(alert) ? isFiring(alert) : !unsent.has(alert.identity)));
    const reasons = alerts.map(({ labels }) => reasonFor(labels));
    if (alerts.length === 0) sorted.over.push({ ...each, alerts });
    else if (isRouteMuted(each.route)) waits(mutedMs);
    else if (reasons.every((reason) => reason !== null)) {
      waits(Math.min(...reasons.map((reason) => Math.max(reason?.forMs ?? mutedMs, 0))));
    } else sorted.ready.push({ ...each, alerts });
  }
  return sorted;
}

function fires({ status }: WaitingAlert): boolean {
  return status === 'firing';
}
