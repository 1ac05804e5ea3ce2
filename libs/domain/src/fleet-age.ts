/**
 * Age from which an evaluation is out of date. Scanners repeat it each minute, for a large fleet in
 * some minutes.
 */
const staleMs = 3_600_000;

/**
 * Why what is counted over the fleet may lack what came lately; null if it lacks nothing.
 * @param asOf last evaluation of the fleet, in ISO 8601; null before the first
 * @param timeText words for this time
 */
export function staleFleet(asOf: string | null, now: number, timeText: (time: string) => string): string | null {
  if (asOf === null) return 'No scanner has evaluated the fleet yet.';
  if (now - Date.parse(asOf) <= staleMs) return null;
  return `No scanner has evaluated the fleet since ${timeText(asOf)}: what came since is missing.`;
}
