import { isFollowed } from './topics.js';

/** Interval at which what is on the screen is read again; hidden pages are not. */
const refreshMs = 5_000;
/** Interval for data that changes slowly, such as counts of whole tables. */
const slowRefreshMs = 15_000;
/**
 * Interval beside the stream, for changes without an event: states of an analysis, ends of snoozes.
 */
const streamRefreshMs = 20_000;

let isLive = false;
// Until the account is known.
let isLimited = true;

/** Sets whether the stream of events is open; returns whether that is new. */
export function setLive(next: boolean): boolean {
  const isNew = next !== isLive;
  isLive = next;
  return isNew;
}

export function setLimited(next: boolean): void {
  isLimited = next;
}

interface Refreshed {
  queryKey: readonly unknown[];
}

/** Interval of a query: longer while events report its changes. */
export function refreshOf({ queryKey: [topic] }: Refreshed): number {
  return isLive && isFollowed(topic, isLimited) ? streamRefreshMs : refreshMs;
}

export function slowRefreshOf({ queryKey: [topic] }: Refreshed): number {
  return isLive && isFollowed(topic, isLimited) ? streamRefreshMs : slowRefreshMs;
}
