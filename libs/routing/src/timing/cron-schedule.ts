import { InvalidInput } from '@tidewaiter/domain';

import { type CivilTime, civilTime } from './time-interval.js';

/** Times by the clock of a place, as in cron: each set holds the values that match. */
export interface CronSchedule {
  minutes: readonly number[];
  hours: readonly number[];
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  /** 0 is Sunday. */
  weekdays: ReadonlySet<number>;
  /** Days of the month and of the week are alternatives where both are restricted, as in cron. */
  isEitherDay: boolean;
}

/** Schedules with a name. */
const named: Readonly<Record<string, string>> = {
  daily: '0 8 * * *',
  weekly: '0 8 * * mon',
  monthly: '0 8 1 * *',
};

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Days that are searched for the last time: a day of February 29 comes within eight years. */
const maxDays = 8 * 366;

/**
 * Reads `daily`, `weekly` (Monday), `monthly` (the 1st), each at 08:00, or the five fields of cron.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/crontab.html
 * @throws InvalidInput `SCHEDULE_INVALID`
 */
export function parseCron(text: string): CronSchedule {
  const fields = (named[text.trim().toLowerCase()] ?? text).trim().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  if (fields.length !== 5) throw invalid('expected daily, weekly, monthly or the five fields of cron');
  const schedule = {
    minutes: sorted(valuesOf('minute', minute, 0, 59)),
    hours: sorted(valuesOf('hour', hour, 0, 23)),
    days: valuesOf('day', day, 1, 31),
    months: valuesOf('month', month, 1, 12, monthNames),
    // 7 is Sunday, too.
    weekdays: new Set([...valuesOf('day of the week', weekday, 0, 7, weekdayNames)].map((each) => each % 7)),
    isEitherDay: !day.startsWith('*') && !weekday.startsWith('*'),
  };
  if (lastBefore(schedule, latestDay) === null) throw invalid('names a day that no month has');
  return schedule;
}

/** A time from which every day of the calendar, also February 29, is looked back at. */
const latestDay: CivilTime = { year: 2032, month: 12, day: 31, minute: 24 * 60 - 1 };

/**
 * The last time of a schedule by the clock of a place, as `2026-11-30T08:00`. It is a name of its
 * period: the clock that repeats an hour in autumn repeats no period, and a time that it skips in
 * spring is past once it has been skipped.
 */
export function lastPeriod(schedule: CronSchedule, location: string, nowMs: number): string | null {
  const last = lastBefore(schedule, civilTime(location, nowMs));
  if (last === null) return null;
  const two = (value: number) => String(value).padStart(2, '0');
  const { year, month, day, minute } = last;
  return `${year}-${two(month)}-${two(day)}T${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function lastBefore(schedule: CronSchedule, now: CivilTime): CivilTime | null {
  for (let back = 0; back <= maxDays; back += 1) {
    const date = new Date(Date.UTC(now.year, now.month - 1, now.day - back));
    if (!isDay(schedule, date)) continue;
    const minute = lastMinute(schedule, back === 0 ? now.minute : latestDay.minute);
    if (minute === null) continue;
    return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), minute };
  }
  return null;
}

function isDay({ days, months, weekdays, isEitherDay }: CronSchedule, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const [isOfMonth, isOfWeek] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return isEitherDay ? isOfMonth || isOfWeek : isOfMonth && isOfWeek;
}

/** The last matching minute of a day up to one. */
function lastMinute({ hours, minutes }: CronSchedule, upTo: number): number | null {
  for (const hour of hours.toReversed()) {
    const minute = minutes.findLast((each) => hour * 60 + each <= upTo);
    if (minute !== undefined) return hour * 60 + minute;
  }
  return null;
}

function valuesOf(field: string, text: string, min: number, max: number, names: readonly string[] = []): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, from = '', to, step] = /^(\*|[a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?(?:\/(\d{1,2}))?$/i.exec(part) ?? [];
    const value = (end: string) => (/^\d/.test(end) ? Number(end) : names.indexOf(end.toLowerCase()) + offsetOf(names));
    const first = from === '*' ? min : value(from);
    const single = step === undefined ? first : max;
    const last = from === '*' ? (to === undefined ? max : Number.NaN) : to === undefined ? single : value(to);
    const every = Number(step ?? 1);
    if (!(first >= min && first <= last && last <= max && every >= 1))
      throw invalid(`the ${field} is wrong: ${min} to ${max}, *, lists, ranges and steps`);
    for (let each = first; each <= last; each += every) values.add(each);
  }
  return values;
}

/** Months are counted from 1. An unknown name is below the first value. */
function offsetOf(names: readonly string[]): number {
  return names === monthNames ? 1 : 0;
}

function sorted(values: ReadonlySet<number>): number[] {
  return [...values].toSorted((a, b) => a - b);
}

function invalid(message: string): InvalidInput {
  return new InvalidInput('SCHEDULE_INVALID', message);
}
