import { localMinute, minutesOfDay, timeZoneProblem, weekdayOf, weekdays } from '../timing/time-interval.js';
import type { Section } from './section.js';

/**
 * Times of a receiver's periodic summary:
 * `summary: {at: "08:00", on: monday, location: Europe/Berlin}`, an extension of Tidewaiter.
 */
export interface SummarySchedule {
  /** Minutes of the day. */
  minute: number;
  /** 0 is Sunday; null for every day. */
  weekday: number | null;
  location: string;
}

const minuteMs = 60_000;
const dayMinutes = 24 * 60;

/** For how many milliseconds a message waits that comes now. */
export function summaryWaitMs({ minute, weekday, location }: SummarySchedule, nowMs: number): number {
  const startOfMinute = Math.floor(nowMs / minuteMs) * minuteMs;
  const ahead = (minute - localMinute(location, nowMs) + dayMinutes) % dayMinutes || dayMinutes;
  for (let day = 0; day <= 7; day += 1) {
    const about = startOfMinute + (ahead + day * dayMinutes) * minuteMs;
    // Where the clocks change in between, the time of day is an hour off by then.
    const off = ((minute - localMinute(location, about) + dayMinutes * 1.5) % dayMinutes) - dayMinutes / 2;
    const at = about + off * minuteMs;
    if (at > nowMs && (weekday === null || weekdayOf(location, at) === weekday)) return at - nowMs;
  }
  return dayMinutes * minuteMs;
}

/** Reads `summary` of a receiver. */
export function readSummarySchedule(receiver: Section): SummarySchedule | null {
  const section = receiver.section('summary');
  if (!section) return null;
  const minute = minutesOfDay(section.scalar('at') ?? '');
  if (minute === undefined || minute === dayMinutes) section.problem('at', 'expected a time such as 08:00');
  const day = section.scalar('on');
  const weekday = day === undefined ? null : weekdays.indexOf(day.toLowerCase());
  if (weekday === -1) section.problem('on', 'expected a day of the week; without it, every day');
  const location = section.scalar('location') ?? 'UTC';
  const problem = timeZoneProblem(location);
  if (problem !== undefined) section.problem('location', problem);
  section.finish();
  return minute === undefined || problem !== undefined ? null : { minute, weekday, location };
}
