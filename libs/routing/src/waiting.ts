import type { Labels } from '@tidewaiter/domain';

import { digestWaitMs } from './digest-times.js';
import type { DigestTimes } from './digest-times.js';
import type { QuietReason } from './quiet.js';
import type { ChannelKind } from './receivers/receiver.js';
import { isMuted } from './route.js';
import type { RouteMatch } from './route.js';

/** Messages to one channel within a minute; what comes beyond that is told together. */
export const stormSize = 5;
export const stormMs = 60_000;
/** How often somebody looks whether what is muted may be told. */
export const mutedMs = 60_000;

/** Channels that no person reads one by one. */
const forMachines: ReadonlySet<string> = new Set<ChannelKind>([
  'webhook',
  'alertmanager',
  'pagerduty',
  'opsgenie',
  'victorops',
  'incidentio',
  'jira',
]);

/** Whether a program reads a channel: it wants each group by itself, as its route groups them. */
export function isForMachines(channel: string): boolean {
  return forMachines.has(channel);
}

/** Whether a channel has had so many messages within a minute that nobody reads them. */
export function isStorm(channel: string, givenLately: number): boolean {
  return !isForMachines(channel) && givenLately >= stormSize;
}

/** Why a message does not go out at once. */
export type WaitReason = 'digest' | 'muted' | 'quiet' | 'group';

/** For how long a message waits, and why; null where it goes out at once. */
export type Wait = { forMs: number; why: WaitReason } | null;

/** What is known of a group of which something is to be told. */
export interface Waiting {
  /** Null of a channel that shows what it was told before, by a route that leads elsewhere by now. */
  match: RouteMatch | null;
  /** Of the receiver. */
  digest: DigestTimes | null;
  /** Why nobody is told of each of the alerts; null where people are. */
  reasons: readonly (QuietReason | null)[];
  /** For how long nothing was told of the group; null for ever. */
  quietMs: number | null;
  /** The channel shows how things stand, and is not disturbed by hearing of it. */
  isShown: boolean;
  /** Time that a message waits for others where the route gives no times; sent at once unless given. */
  usual?: GroupTimes;
}

/** `group_wait` and `group_interval` in milliseconds. */
export interface GroupTimes {
  waitMs: number;
  intervalMs: number;
}

/** An import brings many advisories about the same images within seconds: they are one message, and what follows soon is the next. */
export const advisoryTimes: GroupTimes = { waitMs: 5_000, intervalMs: 60_000 };

const atOnce: GroupTimes = { waitMs: 0, intervalMs: 0 };

/** For how long something waits that there is to tell of a group. */
export function waitOf({ match, digest, reasons, quietMs, isShown, usual }: Waiting, nowMs: number): Wait {
  if (digest !== null) return { forMs: digestWaitMs(digest, nowMs), why: 'digest' };
  if (match !== null && isMuted(match, nowMs)) return { forMs: mutedMs, why: 'muted' };
  if (reasons.every((reason) => reason !== null)) {
    return { forMs: Math.min(...reasons.map((reason) => reason?.forMs ?? mutedMs)), why: 'quiet' };
  }
  if (match === null || (isShown && quietMs !== null)) return null;
  const forMs = groupWaitMs(match, quietMs, usual);
  return forMs > 0 ? { forMs, why: 'group' } : null;
}

/**
 * For how long a message waits for others of its group. Where the file gives no times it does not wait: a push or an incident is one
 * message anyway.
 */
export function groupWaitMs(match: RouteMatch, quietMs: number | null, usual: GroupTimes = atOnce): number {
  const intervalMs = match.given.has('group_interval') ? match.groupIntervalMs : usual.intervalMs;
  if (quietMs !== null && quietMs < intervalMs) return intervalMs - quietMs;
  return match.given.has('group_wait') ? match.groupWaitMs : usual.waitMs;
}

/** An alert that waits with others in a message. */
interface WaitingAlert {
  identity: string;
  labels: Labels;
  status: 'firing' | 'resolved';
}

/** What decides over messages that are due. */
export interface Due<Alert> {
  isFiring(alert: Alert): boolean;
  reasonFor(labels: Labels): QuietReason | null;
  isMuted(route: string): boolean;
}

/** Messages that were due: some go out, some wait on, and some nobody needs any more. */
export interface Sorted<Message> {
  ready: Message[];
  /** They were over before anybody was told. */
  over: Message[];
  /** When to look at the rest again; null where there is none. */
  waitMs: number | null;
}

/** Sorts what is due by what may be told now. */
export function sortDue<Alert extends WaitingAlert, Message extends { alerts: readonly Alert[]; route: string }>(
  due: readonly Message[],
  { isFiring, reasonFor, isMuted: isRouteMuted }: Due<Alert>,
): Sorted<Message & { alerts: Alert[] }> {
  const sorted: Sorted<Message & { alerts: Alert[] }> = { ready: [], over: [], waitMs: null };
  const waits = (ms: number) => (sorted.waitMs = Math.min(sorted.waitMs ?? Infinity, ms));
  // Of what was never told nobody needs to hear that it is over.
  const untold = new Set(due.flatMap(({ alerts }) => alerts.filter(fires)).map(({ identity }) => identity));
  for (const each of due) {
    const alerts = each.alerts.filter((alert) => (fires(alert) ? isFiring(alert) : !untold.has(alert.identity)));
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
