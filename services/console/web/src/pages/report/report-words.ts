import type { ReportRun } from '../../api/types.js';
import { absoluteTime } from '../../parts/relative-time.js';

/** Query of a report that names none. */
export const usualQuery = 'severity>=high';

/** ` in the repositories shop/*`; empty for a report of the whole fleet. */
export function rightsText({ settings }: Pick<ReportRun['run'], 'settings'>): string {
  const parts = (settings?.scopes ?? []).flatMap((scope) =>
    Object.entries(scope).flatMap(([dimension, patterns]) =>
      patterns.length === 0 ? [] : `${dimension} ${patterns.join(', ')}`,
    ),
  );
  return parts.length === 0 ? '' : `, limited to ${parts.join('; ')}`;
}

/** `in 3 repositories`, `of one owner`. */
export function placesText(by: ReportRun['by'], count: number): string {
  const number = count === 1 ? 'one' : count.toLocaleString('en');
  if (by === 'owner') return `of ${number} ${count === 1 ? 'owner' : 'owners'}`;
  return `in ${number} ${count === 1 ? 'repository' : 'repositories'}`;
}

/** Age from which an evaluation of the fleet is out of date; its messages have the same. */
const staleMs = 3_600_000;

/** Why a report may lack what came lately; null for one that lacks nothing. */
export function staleText(asOf: string | null, at: string): string | null {
  if (asOf === null) return 'No scanner has evaluated the fleet yet.';
  if (Date.parse(at) - Date.parse(asOf) <= staleMs) return null;
  return `No scanner has evaluated the fleet since ${absoluteTime(asOf)}: what came since is missing.`;
}

/** `90 days`, `1 day`. */
export function daysText(days: number): string {
  return `${days.toLocaleString('en')} ${days === 1 ? 'day' : 'days'}`;
}
