export const timeParts = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;

/** `day` is the day of the month, `week` the week of ISO 8601. */
export type TimePart = (typeof timeParts)[number];

const dayMs = 86_400_000;

/** Returns a part of an RFC 3339 time in UTC; undefined for other text. */
export function timePart(text: string, part: TimePart): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?$/.test(text))
    return undefined;
  // A time without a zone is UTC, whatever the local zone is.
  const zoned = /[Tt ]/.test(text) && !/(?:[Zz]|[+-]\d\d:?\d\d)$/.test(text.slice(11)) ? `${text}Z` : text;
  const time = new Date(zoned.replace(' ', 'T'));
  return Number.isNaN(time.getTime()) ? undefined : partOf(time, part);
}

function partOf(time: Date, part: TimePart): number {
  switch (part) {
    case 'minute':
      return time.getUTCMinutes();
    case 'hour':
      return time.getUTCHours();
    case 'day':
      return time.getUTCDate();
    case 'week':
      return isoWeek(time);
    case 'month':
      return time.getUTCMonth() + 1;
    case 'year':
      return time.getUTCFullYear();
  }
}

/** Returns the ISO 8601 week: that of the year which contains its Thursday. */
function isoWeek(time: Date): number {
  const weekday = time.getUTCDay() || 7;
  const thursday = Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() + 4 - weekday);
  return Math.ceil(((thursday - Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1)) / dayMs + 1) / 7);
}
