/** Returns the `count` records that were seen longest ago, of those seen at one time the first. */
export function oldestOf<Seen extends { lastSeenMs: number }>(records: readonly Seen[], count: number): Seen[] {
  // Numbers alone are sorted several times as fast as records by their times.
  const times = Float64Array.from(records, ({ lastSeenMs }) => lastSeenMs).sort();
  const last = times[count - 1] ?? Number.POSITIVE_INFINITY;
  let ofLast = count - Math.max(0, times.indexOf(last));
  return records.filter(({ lastSeenMs }) => lastSeenMs < last || (lastSeenMs === last && ofLast-- > 0));
}
