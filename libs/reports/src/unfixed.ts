import { type Severity, severities } from '@tidewaiter/domain';

import { csvLine } from './csv/csv.js';

/** A vulnerability of a package in the images of a repository that are tagged or run. */
export interface UnfixedRow {
  /** Null where no rule and no label names one. */
  owner: string | null;
  repository: string;
  vulnerability: string;
  severity: Severity;
  kev: boolean;
  epss: number | null;
  package: string;
  installed: string[];
  /** Version that fixes it; null where none is known. */
  fix: string | null;
  images: number;
  /** Whether a workload runs one of the images; null while no sensor reports containers. */
  running: boolean | null;
  /** ISO 8601. */
  since: string;
  /** Whole days from then to the time of the report. */
  days: number;
  /** Days within which its severity is to be fixed; null without a limit, absent in old reports. */
  limitDays?: number | null;
}

/** The rows of an owner or repository. */
export interface UnfixedGroup {
  /** Null for what has no owner. */
  name: string | null;
  counts: Partial<Record<Severity, number>>;
  fixable: number;
  /** Days of the oldest. */
  oldest: number;
  /** Rows that are older than their limit. */
  overdue: number;
  rows: UnfixedRow[];
}

/** Groups rows, the worst group first, and in each the worst and oldest row first. */
export function groupUnfixed(rows: readonly UnfixedRow[], by: 'owner' | 'repository'): UnfixedGroup[] {
  const groups = [...Map.groupBy(rows, (row) => row[by])].map(([name, own]): UnfixedGroup => {
    const bySeverity = Map.groupBy(own, ({ severity }) => severity);
    return {
      name,
      counts: Object.fromEntries([...bySeverity].map(([severity, some]) => [severity, some.length])),
      fixable: own.filter(({ fix }) => fix !== null).length,
      oldest: Math.max(...own.map(({ days }) => days)),
      overdue: own.filter(({ days, limitDays }) => days > (limitDays ?? Infinity)).length,
      rows: own.toSorted(byUrgency),
    };
  });
  return groups.toSorted(byCounts);
}

function byUrgency(a: UnfixedRow, b: UnfixedRow): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    Number(b.kev) - Number(a.kev) ||
    b.days - a.days ||
    compareTexts(a.repository, b.repository) ||
    compareTexts(a.vulnerability, b.vulnerability) ||
    compareTexts(a.package, b.package)
  );
}

function byCounts(a: UnfixedGroup, b: UnfixedGroup): number {
  for (const severity of severities) {
    const difference = (b.counts[severity] ?? 0) - (a.counts[severity] ?? 0);
    if (difference !== 0) return difference;
  }
  return compareTexts(a.name ?? '', b.name ?? '');
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

const columns: readonly (readonly [string, (row: UnfixedRow) => string | number | boolean | null])[] = [
  ['owner', ({ owner }) => owner],
  ['repository', ({ repository }) => repository],
  ['vulnerability', ({ vulnerability }) => vulnerability],
  ['severity', ({ severity }) => severity],
  ['kev', ({ kev }) => kev],
  ['epss', ({ epss }) => epss],
  ['package', (row) => row.package],
  ['installed', ({ installed }) => installed.join(' ')],
  ['fix', ({ fix }) => fix],
  ['images', ({ images }) => images],
  ['running', ({ running }) => running],
  ['since', ({ since }) => since.slice(0, 10)],
  ['days', ({ days }) => days],
  ['limitDays', ({ limitDays }) => limitDays ?? null],
];

/** Rows as CSV, in the order of their groups. */
export function unfixedCsv(groups: readonly UnfixedGroup[]): string {
  const lines = groups.flatMap(({ rows }) => rows.map((row) => csvLine(columns.map(([, read]) => read(row)))));
  return [csvLine(columns.map(([title]) => title)), ...lines].join('');
}
