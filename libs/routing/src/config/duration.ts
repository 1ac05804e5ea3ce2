import { InvalidInput } from '@tidewaiter/domain';

/**
 * In the order in which a duration is written. A year has 365 days and a week seven, without regard
 * to the calendar.
 */
const units = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const durationPattern = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/**
 * Reads a Prometheus duration (`250ms`, `1h30m`, `7d`, `0`) as milliseconds.
 * @throws InvalidInput `DURATION_INVALID`
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<duration>`
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  const parts = durationPattern.exec(text)?.slice(1);
  if (!text || !parts)
    throw new InvalidInput('DURATION_INVALID', 'expected a duration such as 250ms, 30s, 1h30m or 7d');
  let totalMs = 0;
  for (const [index, [, unitMs]] of units.entries()) totalMs += Number(parts[index] ?? 0) * unitMs;
  // Beyond this a number no longer holds every millisecond, so two different texts could mean the
  // same.
  if (totalMs > Number.MAX_SAFE_INTEGER) throw new InvalidInput('DURATION_INVALID', 'the duration is too long');
  return totalMs;
}
