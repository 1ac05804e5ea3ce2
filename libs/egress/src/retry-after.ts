/**
 * Parses a `Retry-After` header (seconds, also decimal ones, or a date) to milliseconds; undefined
 * when absent or unreadable.
 * @param mostMs upper limit of the result
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function readRetryAfter(header: string | undefined, nowMs: number, mostMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const ms = /^\d{1,10}(?:\.\d{1,9})?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), 0), mostMs);
}
