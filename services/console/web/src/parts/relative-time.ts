const steps = [
  ['second', 60, 1],
  ['minute', 3_600, 60],
  ['hour', 86_400, 3_600],
  ['day', 30 * 86_400, 86_400],
  ['month', 365 * 86_400, 30 * 86_400],
  ['year', Number.POSITIVE_INFINITY, 365 * 86_400],
] as const;

const format = new Intl.RelativeTimeFormat('en', { style: 'short', numeric: 'always' });

/** `3 min. ago`, `in 2 hr.`; the text itself where it is no time. */
export function relativeTime(at: string, now: number): string {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return at;
  const seconds = (time - now) / 1_000;
  const distance = Math.abs(seconds);
  // Clocks of sensors and of this machine differ by moments.
  if (distance < 1) return 'now';
  const [unit, , size] = steps.find(([, below]) => distance < below)!;
  return format.format(Math.trunc(seconds / size), unit);
}

/** Date and time in the zone of the browser, with seconds; the text itself where it is no time. */
export function absoluteTime(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  return time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium', hour12: false });
}
