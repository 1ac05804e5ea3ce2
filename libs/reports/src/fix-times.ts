import { type Severity, severities } from '@tidewaiter/domain';

import { csvLine } from './csv/csv.js';

/** Time for which images of a repository had vulnerabilities, without a gap. */
export interface ExposureSpan {
  /** Null where no rule and no label names one. */
  owner: string | null;
  repository: string;
  severity: Severity;
  /** First image with it, or its publication if that is later; of several the latest. */
  since: Date;
  /** When no tag pointed to an image with it any more, and none ran; null while one does. */
  gone: Date | null;
  /** Whole days from then to its end, or to the time of the report. */
  days: number;
  /** Whether it is known that no image had it before. */
  isSinceKnown: boolean;
  /** Whether it is known that the images after it do not have it. */
  isGoneKnown: boolean;
  /** Vulnerabilities for which all of this is the same. */
  count: number;
}

/** Days within which vulnerabilities are to be fixed. */
export type FixLimits = Partial<Record<Severity, number>>;

export interface FixTimeQuestion {
  by: 'owner' | 'repository';
  /** Fixes are counted from then on. */
  from: Date;
  limits: FixLimits;
}

/** Times that fixes of one severity took. */
export interface FixTimeFigures {
  severity: Severity;
  /** Vulnerabilities that went, and for which it is known how long they were there. */
  fixed: number;
  /** Days that half of them took at most; null without any. */
  medianDays: number | null;
  /** Days that nine of ten of them took at most. */
  p90Days: number | null;
  /** Vulnerabilities that went, whose begin or end lies outside of the history. */
  unknown: number;
  /** Day before which their history is not known. */
  unknownBefore: string | null;
  /** Vulnerabilities that are still there. */
  open: number;
  limitDays: number | null;
  /** Open ones that are older than the limit. */
  overdue: number;
  /** Age of the oldest open one, as far as the history reaches. */
  oldestDays: number | null;
}

/** Figures of an owner or a repository. */
export interface FixTimeGroup {
  /** Null for what has no owner. */
  name: string | null;
  /** Worst severity first. */
  severities: FixTimeFigures[];
}

/** Groups spans; the group with most that is overdue first. */
export function groupFixTimes(spans: readonly ExposureSpan[], question: FixTimeQuestion): FixTimeGroup[] {
  const groups = [...Map.groupBy(spans, (span) => span[question.by])].map(([name, own]): FixTimeGroup => {
    const bySeverity = Map.groupBy(own, ({ severity }) => severity);
    const figures = severities.flatMap((severity) => {
      const some = bySeverity.get(severity);
      return some ? figuresOf(severity, some, question) : [];
    });
    return { name, severities: figures };
  });
  return groups
    .filter((group) => group.severities.length > 0)
    .toSorted((a, b) => overdueOf(b) - overdueOf(a) || compareTexts(a.name ?? '', b.name ?? ''));
}

function figuresOf(
  severity: Severity,
  spans: readonly ExposureSpan[],
  { from, limits }: FixTimeQuestion,
): FixTimeFigures[] {
  const limitDays = limits[severity] ?? null;
  const of = Map.groupBy(spans, (span) => outcomeOf(span, from));
  const [fixed, unknown, open] = [of.get('fixed') ?? [], of.get('unknown') ?? [], of.get('open') ?? []];
  if (fixed.length + unknown.length + open.length === 0) return [];
  return [
    {
      severity,
      fixed: countOf(fixed),
      medianDays: percentileDays(fixed, 0.5),
      p90Days: percentileDays(fixed, 0.9),
      unknown: countOf(unknown),
      unknownBefore: latestDay(unknown.map((span) => (span.isSinceKnown ? span.gone! : span.since))),
      open: countOf(open),
      limitDays,
      overdue: limitDays === null ? 0 : countOf(open.filter(({ days }) => days > limitDays)),
      oldestDays: greatest(open.map(({ days }) => days)),
    },
  ];
}

/**
 * Decides what a span says about fixes from a time on. One whose begin or end lies outside of the
 * history took an unknown time: the first image that is known may not be the first that had it.
 */
export function outcomeOf(
  { gone, isSinceKnown, isGoneKnown }: Pick<ExposureSpan, 'gone' | 'isSinceKnown' | 'isGoneKnown'>,
  from: Date,
): 'open' | 'earlier' | 'unknown' | 'fixed' {
  if (gone === null) return 'open';
  if (gone.getTime() < from.getTime()) return 'earlier';
  return isSinceKnown && isGoneKnown ? 'fixed' : 'unknown';
}

/** Days that a share of vulnerabilities took at most; null without any. */
export function percentileDays(spans: readonly Pick<ExposureSpan, 'days' | 'count'>[], share: number): number | null {
  let rank = Math.ceil(share * countOf(spans));
  for (const { days, count } of spans.toSorted((a, b) => a.days - b.days)) {
    rank -= count;
    if (rank <= 0) return days;
  }
  return null;
}

function countOf(spans: readonly Pick<ExposureSpan, 'count'>[]): number {
  return spans.reduce((sum, { count }) => sum + count, 0);
}

function latestDay(times: readonly Date[]): string | null {
  const latest = greatest(times.map((time) => time.getTime()));
  return latest === null ? null : new Date(latest).toISOString().slice(0, 10);
}

function greatest(numbers: readonly number[]): number | null {
  // Not by spreading: there may be more than a call takes arguments.
  return numbers.reduce<number | null>((most, number) => (most === null ? number : Math.max(most, number)), null);
}

function overdueOf({ severities: figures }: FixTimeGroup): number {
  return figures.reduce((sum, { overdue }) => sum + overdue, 0);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

const columns = [
  'severity',
  'fixed',
  'medianDays',
  'p90Days',
  'unknown',
  'unknownBefore',
  'open',
  'limitDays',
  'overdue',
  'oldestDays',
] as const satisfies readonly (keyof FixTimeFigures)[];

/** Figures as CSV, a line for each group and severity. */
export function fixTimesCsv(by: FixTimeQuestion['by'], groups: readonly FixTimeGroup[]): string {
  const lines = groups.flatMap(({ name, severities: figures }) =>
    figures.map((each) => csvLine([name, ...columns.map((column) => each[column])])),
  );
  return [csvLine([by, ...columns]), ...lines].join('');
}
