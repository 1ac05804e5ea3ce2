import { type Alert, severities, type Severity, staleFleet, worstSeverity } from '@tidewaiter/domain';

import {
  clean,
  consoleLink,
  count,
  countsText,
  enumerate,
  fact,
  maxItemChars,
  maxTitleChars,
  type Message,
  type MessageItem,
  section,
  timeText,
} from '../message.js';

/** Owners or repositories of a report with their numbers, the worst first. */
export interface ReportedGroup {
  name: string | null;
  counts: Partial<Record<Severity, number>>;
  fixable: number;
  /** Days of the oldest. */
  oldest: number;
  /** Findings that are older than their limit. */
  overdue: number;
}

/** A report of what is unfixed. */
export interface ReportNumbers {
  /** Id of the run, by which the console shows it. */
  id: string;
  name: string;
  by: 'owner' | 'repository';
  query: string;
  /** Parts of the fleet that it is limited to, in words; null without limits. */
  limits: string | null;
  groups: readonly ReportedGroup[];
  total: number;
  /** Time at which the fleet was last known to be evaluated; null if it never was. */
  asOf: Date | null;
}

/** Message with the numbers of a report; its rows are in the attachment and behind the links. */
export function reportMessage(report: ReportNumbers, consoleUrl: string, now: Date): Message {
  const { id, name, by, query, limits, groups, total, asOf } = report;
  const counts = totals(groups);
  const oldest = Math.max(0, ...groups.map((group) => group.oldest));
  const overdue = groups.reduce((sum, group) => sum + group.overdue, 0);
  const worst = worstSeverity(severities.filter((severity) => counts[severity] > 0));
  const where = by === 'owner' ? `of ${count(groups.length, by)}` : `in ${count(groups.length, by, 'repositories')}`;
  const age = staleFleet(asOf?.toISOString() ?? null, now.getTime(), timeText);
  const nothing = age === null ? 'nothing is unfixed' : 'not up to date';
  const figures = total === 0 ? nothing : `${count(total, 'unfixed finding')} ${where}`;
  const late = overdue > 0 ? `; ${overdue} over the limit` : '';
  const found = total > 0 ? `${countsText(counts) ?? ''}. The oldest is ${count(oldest, 'day')} old${late}.` : null;
  const none = 'No vulnerability that the report asks for is in an image that is tagged or runs.';
  const page = consoleLink('Open the report', consoleUrl, 'report', id);
  return {
    kind: 'summary',
    status: total === 0 && age === null ? 'resolved' : 'firing',
    severity: total === 0 ? 'unknown' : worst,
    title: clean(`Report ${name} · ${figures}`, maxTitleChars),
    summary: clean([age, found].filter((sentence) => sentence !== null).join(' ') || none, 2 * maxItemChars),
    facts: [
      ...fact('Vulnerabilities', query),
      ...fact('Limited to', limits),
      ...fact('As of', asOf && timeText(asOf.toISOString())),
    ],
    sections: section(by === 'owner' ? 'By owner' : 'By repository', groups.map(groupItem)),
    links: [page, consoleLink('CSV', consoleUrl, 'api', 'v1', 'report-runs', id, 'csv')],
    footer: clean(`Tidewaiter · report ${name}`, maxItemChars),
  };
}

/** Alert of a report, for channels whose readers are programs. */
export function reportAlert({ id, name, total }: Pick<ReportNumbers, 'id' | 'name' | 'total'>, now: Date): Alert {
  return {
    identity: `report/${id}`,
    labels: { kind: 'report', report: name, run: id },
    annotations: { summary: `Report ${name}`, total: String(total) },
    status: 'firing',
    startsAt: now.toISOString(),
    endsAt: null,
  };
}

function totals(groups: readonly ReportedGroup[]): Record<Severity, number> {
  const sum = (severity: Severity) => groups.reduce((total, { counts }) => total + (counts[severity] ?? 0), 0);
  return Object.fromEntries(severities.map((severity) => [severity, sum(severity)])) as Record<Severity, number>;
}

function groupItem({ name, counts, fixable, oldest, overdue }: ReportedGroup): MessageItem {
  const present = severities.filter((severity) => (counts[severity] ?? 0) > 0);
  const numbers = present.map((severity) => `${counts[severity]} ${severity}`);
  return {
    severity: present[0] ?? null,
    text: name ?? 'Without an owner',
    detail: [
      enumerate(numbers, numbers.length),
      `${fixable} fixable`,
      `oldest ${count(oldest, 'day')}`,
      ...(overdue > 0 ? [`${overdue} over the limit`] : []),
    ].join(' · '),
    isNew: false,
  };
}
