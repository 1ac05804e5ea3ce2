import type { ReportRun } from '../../api/types.js';

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

/** `90 days`, `1 day`. */
export function daysText(days: number): string {
  return `${days.toLocaleString('en')} ${days === 1 ? 'day' : 'days'}`;
}
