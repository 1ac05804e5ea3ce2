// Documented samples of Falco end in `Z+2`, GuardDuty's in nothing, with a space. Years outside
// 19xx to 2xxx are no times, Go's zero time 0001-01-01 among them.
const isoTime =
  /^((?:19|2\d)\d\d-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:(\.\d{1,9})\d{0,9})?(?:Z(?:\+\d{1,2})?|([+-]\d\d:\d\d))?$/;

/**
 * An ISO 8601 time in UTC with every fraction digit that was given, nine at most; null when it is
 * none.
 */
export function readTime(value: unknown): string | null {
  const match = typeof value === 'string' && value.length < 64 ? isoTime.exec(value) : null;
  if (match === null) return null;
  const [, date, time, fraction = '', offset = 'Z'] = match;
  const instant = new Date(`${date}T${time}${offset}`);
  return Number.isNaN(instant.getTime()) ? null : `${instant.toISOString().slice(0, 19)}${fraction}Z`;
}

const nanosPerSecond = 1_000_000_000n;
const lastSecond = 2 ** 32;

/**
 * A number of nanoseconds since 1970 as an ISO 8601 time with all nine digits; a text where a
 * number would have lost some.
 */
export function timeOfNanos(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  if (!/^[1-9]\d{0,18}$/.test(String(value))) return null;
  const nanos = BigInt(value);
  return timeOfParts(Number(nanos / nanosPerSecond), Number(nanos % nanosPerSecond));
}

/** Protobuf's Timestamp. */
export function timeOfParts(seconds: number | null, nanos: number): string | null {
  if (seconds === null || !(seconds > 0 && seconds < lastSecond) || !(nanos >= 0 && nanos < 1e9)) return null;
  const whole = new Date(Math.trunc(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(Math.trunc(nanos)).padStart(9, '0')}Z`;
}

let knownDay = '';
let knownDayMs = 0;

/**
 * Milliseconds since 1970 of a {@link RuntimeRecord.at}, with what is below a millisecond as
 * fraction. NaN when it is no time.
 */
export function timeMsOf(at: string): number {
  // `2026-01-02T03:04:05.123456789Z`: events of one day come together, so that the calendar is
  // asked once.
  if (at.length < 20 || at.charCodeAt(at.length - 1) !== 0x5a || at.charCodeAt(10) !== 0x54) return Date.parse(at);
  const day = at.slice(0, 10);
  if (day !== knownDay) {
    knownDayMs = Date.parse(day);
    knownDay = day;
  }
  const seconds = (two(at, 11) * 60 + two(at, 14)) * 60 + two(at, 17);
  return knownDayMs + seconds * 1000 + fractionMs(at);
}

function two(text: string, index: number): number {
  return (text.charCodeAt(index) - 0x30) * 10 + text.charCodeAt(index + 1) - 0x30;
}

function fractionMs(at: string): number {
  let ms = 0;
  let unit = 100;
  for (let index = 20; index < at.length - 1; index += 1) {
    ms += (at.charCodeAt(index) - 0x30) * unit;
    unit /= 10;
  }
  return ms;
}
