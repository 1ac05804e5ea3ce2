import type { Section } from '../config/section.js';

/** Range of numbers, both ends included. */
type Span = readonly [from: number, to: number];

/**
 * One entry of a time interval; an absent field always matches, and a list matches when one of its
 * spans does.
 */
interface TimeRange {
  /** Minutes of the day; the end is excluded. */
  times: readonly Span[];
  /** 0 is Sunday. */
  weekdays: readonly Span[];
  /** 1 to 31, or -31 to -1 counted from the end of the month. */
  daysOfMonth: readonly Span[];
  /** 1 to 12. */
  months: readonly Span[];
  years: readonly Span[];
  location: string;
}

/**
 * Named list of time ranges, of which one must match.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<time_interval>`
 */
export interface TimeInterval {
  name: string;
  ranges: readonly TimeRange[];
}

/** Whether the interval contains a moment, in milliseconds since 1970. */
export function contains({ ranges }: TimeInterval, timeMs: number): boolean {
  return ranges.some((range) => holds(range, localTime(range.location, timeMs)));
}

/** Date and minute of the day by the clock of a place. */
export interface CivilTime {
  minute: number;
  day: number;
  month: number;
  year: number;
}

interface LocalTime extends CivilTime {
  weekday: number;
  daysInMonth: number;
}

function holds(range: TimeRange, local: LocalTime): boolean {
  const within = (spans: readonly Span[], value: number) =>
    spans.length === 0 || spans.some(([from, to]) => from <= value && value <= to);
  return (
    (range.times.length === 0 || range.times.some(([from, to]) => from <= local.minute && local.minute < to)) &&
    within(range.weekdays, local.weekday) &&
    within(range.months, local.month) &&
    within(range.years, local.year) &&
    (range.daysOfMonth.length === 0 || range.daysOfMonth.some((span) => isDay(span, local)))
  );
}

function isDay([from, to]: Span, { day, daysInMonth }: LocalTime): boolean {
  // A range that starts after the end of a short month is clamped to its last day, as in
  // Alertmanager.
  const first = Math.min(from < 0 ? daysInMonth + from + 1 : from, daysInMonth);
  const last = Math.min(to < 0 ? daysInMonth + to + 1 : to, daysInMonth);
  return from <= daysInMonth && Math.max(first, 1) <= day && day <= last;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(location: string, timeMs: number): LocalTime {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(location).formatToParts(timeMs)) parts[type] = value;
  const [year, month, day] = [Number(parts.year), Number(parts.month), Number(parts.day)];
  return {
    minute: Number(parts.hour) * 60 + Number(parts.minute),
    weekday: weekdays.indexOf(String(parts.weekday).toLowerCase()),
    day,
    month,
    year,
    daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
  };
}

function formatOf(location: string): Intl.DateTimeFormat {
  const known = formats.get(location);
  if (known) return known;
  const numbers = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', {
    ...numbers,
    timeZone: location,
    weekday: 'long',
    hourCycle: 'h23',
  });
  formats.set(location, format);
  return format;
}

/** Date and time by the clock of a time zone. */
export function civilTime(location: string, timeMs: number): CivilTime {
  return localTime(location, timeMs);
}

/** Minutes since midnight in a time zone. */
export function localMinute(location: string, timeMs: number): number {
  return localTime(location, timeMs).minute;
}

/** 0 is Sunday. */
export function weekdayOf(location: string, timeMs: number): number {
  return localTime(location, timeMs).weekday;
}

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const months = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july'],
  ...['august', 'september', 'october', 'november', 'december'],
];

/** Reads `time_intervals` and, for older files, `mute_time_intervals` of the root; by name. */
export function readTimeIntervals(root: Section): Map<string, TimeInterval> {
  const intervals = new Map<string, TimeInterval>();
  for (const key of ['time_intervals', 'mute_time_intervals']) {
    for (const section of root.sections(key)) {
      const name = section.scalar('name');
      const ranges = section.sections('time_intervals').map(readRange);
      section.finish();
      if (name === undefined) section.problem('name', 'is required');
      else if (intervals.has(name)) section.problem('name', 'another time interval has this name');
      else intervals.set(name, { name, ranges });
    }
  }
  return intervals;
}

function readRange(section: Section): TimeRange {
  const range = {
    times: section.sections('times').map(readTimes),
    weekdays: readSpans(section, 'weekdays', named(weekdays, 0)),
    daysOfMonth: readSpans(section, 'days_of_month', whole(-31, 31)),
    months: readSpans(section, 'months', named(months, 1)),
    years: readSpans(section, 'years', whole(0, 9999)),
    location: readLocation(section),
  };
  section.finish();
  return range;
}

function readTimes(section: Section): Span {
  const from = readMinute(section, 'start_time');
  const to = readMinute(section, 'end_time');
  section.finish();
  if (from !== undefined && to !== undefined && from >= to) section.problem('end_time', 'must be after start_time');
  return [from ?? 0, to ?? 0];
}

function readMinute(section: Section, key: string): number | undefined {
  const minutes = minutesOfDay(section.scalar(key) ?? '');
  if (minutes === undefined) section.problem(key, 'expected a time such as 08:30, up to 24:00');
  return minutes;
}

/** Parses `08:30` to minutes since midnight, up to `24:00`; undefined for any other text. */
export function minutesOfDay(text: string): number | undefined {
  const [, hour, minute] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? [];
  const total = Number(hour) * 60 + Number(minute);
  return total <= 24 * 60 ? total : undefined;
}

/** Parses one end of a range; undefined when the text is not valid. */
type ReadEnd = (text: string) => number | undefined;

function named(names: readonly string[], first: number): ReadEnd {
  return (text) => {
    const index = names.indexOf(text.toLowerCase());
    if (index >= 0) return index + first;
    // Months may be numbers; weekdays may not.
    return first === 1 ? whole(1, names.length)(text) : undefined;
  };
}

function whole(min: number, max: number): ReadEnd {
  return (text) => {
    const number = /^-?\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
    return number >= min && number <= max && (min >= 0 || number !== 0) ? number : undefined;
  };
}

function readSpans(section: Section, key: string, readEnd: ReadEnd): Span[] {
  return (section.texts(key) ?? []).flatMap((text, index) => {
    const [from = '', to = from, ...more] = text.split(':').map((end) => end.trim());
    const ends = [readEnd(from), readEnd(to)] as const;
    if (more.length === 0 && ends[0] !== undefined && ends[1] !== undefined && isInOrder(ends[0], ends[1])) {
      return [[ends[0], ends[1]] as const];
    }
    section.problem(`${key}[${index}]`, 'expected one value, or two in order with a colon between them');
    return [];
  });
}

/**
 * Whether a range of days is in order. A day counted from the end of the month comes after a day
 * counted from its start in at least some months.
 */
function isInOrder(from: number, to: number): boolean {
  if (from < 0 === to < 0) return from <= to;
  return from > 0;
}

function readLocation(section: Section): string {
  const location = section.scalar('location') ?? 'UTC';
  const problem = timeZoneProblem(location);
  if (problem === undefined) return location;
  section.problem('location', problem);
  return 'UTC';
}

/** Returns the problem of a time zone name; undefined when it is valid. */
export function timeZoneProblem(location: string): string | undefined {
  try {
    formatOf(location);
    return undefined;
  } catch {
    return 'expected the name of a time zone, such as Europe/Berlin';
  }
}
