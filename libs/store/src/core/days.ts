const dayMs = 86_400_000;

/** The last days of UTC up to a time, oldest first: `2026-01-31`. */
export function lastDays(count: number, now: Date): string[] {
  return Array.from({ length: count }, (_, index) => dayOf(now.getTime() - (count - 1 - index) * dayMs));
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
