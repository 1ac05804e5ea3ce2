/**
 * For how many milliseconds a `Retry-After` asks to stay away: seconds, also decimal ones, or a date; undefined when it is absent or unreadable.
 * @param mostMs nobody may ask for more
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function readRetryAfter(header: string | undefined, nowMs: number, mostMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const ms = /^\d{1,10}(?:\.\d{1,9})?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), 0), mostMs);
}
