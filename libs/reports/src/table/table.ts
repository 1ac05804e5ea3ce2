import { isUncertain, layerText, morePlaces, placeOf, printable } from '@tidewaiter/domain';

import { groupFindings, type PackageFindings } from '../finding-groups.js';
import type { Report, ReportFinding, ReportFormat, ReportWarning } from '../report.js';
import {
  checkedText,
  countOf,
  holdsFiles,
  osText,
  packagesText,
  severitiesText,
  signedText,
  sourcesText,
  suppressedText,
  verdictText,
} from '../wording.js';
import { inventoryLines } from './inventory.js';
import { type Entry, oneLine, paint, type Pen, penOf, section } from './page.js';
import { wrap } from './wrap.js';

const maxIds = 12;
const maxTitle = 160;

/** Writes a report for a terminal: urgent actions first, the verdict last. */
export const table: ReportFormat = {
  name: 'table',
  ofSeveral: 'texts',
  render: (report, options) => {
    const pen = penOf(options);
    const head = headLines(report, pen);
    const warnings = warningLines(report, pen);
    // A list of packages has no verdict.
    const lines =
      options.isInventory === true
        ? [...head, ...inventoryLines(report, pen), ...warnings]
        : [...head, ...findingLines(report, pen), ...warnings, ...verdictLines(report, options.isGate, pen)];
    return `${lines.join('\n')}\n`;
  },
};

function headLines(report: Report, pen: Pen): string[] {
  const { reference, platform, digest } = report.target;
  const identity = [digest, platform].filter((each) => each !== null).map((each) => printable(each));
  return [
    ...wrap(printable(reference), pen.width).map((line) => paint(line, 'title', pen)),
    ...wrap(identity.join(' '), pen.width),
    ...(holdsFiles(report) ? wrap(`${osText(report)}, ${packagesText(report)}`, pen.width) : []),
    ...wrap(signedText(report) ?? '', pen.width).filter((line) => line !== ''),
  ];
}

function findingLines(report: Report, pen: Pen): string[] {
  const { upgrades, unfixed, hidden, secrets, tampering, misconfiguration } = groupFindings(report);
  const nothing =
    report.findings.length === 0 ? ['', ...wrap(`nothing found in ${checkedText(report)}`, pen.width)] : [];
  return [
    ...nothing,
    ...section(`Upgrades (${countOf(findingsIn(upgrades), 'finding')})`, upgrades.map(upgradeEntry), pen),
    ...section(`Without a fix (${countOf(findingsIn(unfixed), 'finding')})`, unfixed.map(unfixedEntry), pen),
    ...section(`Secrets (${secrets.length})`, secrets.map(secretEntry), pen),
    ...section(`Integrity, malware and supply chain (${tampering.length})`, tampering.map(tamperingEntry), pen),
    ...section(`Misconfiguration (${misconfiguration.length})`, misconfiguration.map(misconfigurationEntry), pen),
    ...section(`In lower layers only (${countOf(findingsIn(hidden), 'finding')})`, hidden.map(hiddenEntry), pen),
  ];
}

function warningLines({ warnings }: Report, pen: Pen): string[] {
  return section(`Warnings (${warnings.length})`, warnings.map(warningEntry), pen);
}

function verdictLines(report: Report, isGate: boolean | undefined, pen: Pen): string[] {
  const { findings, verdict } = report;
  const reasons = verdict.reasons.slice(1).flatMap((reason) => wrap(`also: ${printable(reason)}`, pen.width));
  const counts = findings.length > 0 ? wrap(`${severitiesText(findings)}; in ${checkedText(report)}`, pen.width) : [];
  return [
    '',
    ...counts,
    ...sourceLines(report, pen),
    ...suppressedLines(report, pen),
    ...reasons,
    oneLine(verdictText(report, isGate), verdict.result, pen),
  ];
}

function sourceLines(report: Report, pen: Pen): string[] {
  const text = sourcesText(report);
  return text === null ? [] : wrap(`data: ${text}`, pen.width);
}

/** Counts the suppressed findings, so that they do not look absent. */
function suppressedLines(report: Report, pen: Pen): string[] {
  const text = suppressedText(report);
  return text === undefined ? [] : wrap(text, pen.width);
}

function findingsIn(groups: readonly PackageFindings[]): number {
  return groups.reduce((total, { findings }) => total + findings.length, 0);
}

function upgradeEntry(group: PackageFindings): Entry {
  return groupEntry(group, `upgrade ${group.name} ${group.installed} -> ${group.upgrade}`);
}

function unfixedEntry(group: PackageFindings): Entry {
  const isRefused = group.findings.every(({ fix }) => fix.state === 'wont-fix');
  return groupEntry(
    group,
    `${group.name} ${group.installed}${isRefused ? ', which the distribution will not fix' : ''}`,
  );
}

function hiddenEntry(group: PackageFindings): Entry {
  return groupEntry(group, `${group.name} ${group.installed}, ${layerText(group.findings[0]!) ?? 'hidden'}`);
}

function groupEntry({ worst, exploited, packages, name, findings }: PackageFindings, what: string): Entry {
  const uncompared = findings.filter(({ match }) => match === 'unknown').length;
  const uncertain = findings.filter(isUncertain).length;
  const unlinked = findings.filter(({ reachability }) => reachability === 'not-linked').length;
  const facts = [
    countOf(findings.length, 'finding'),
    ...(findings.length > 1 ? [`worst ${worst}`] : []),
    ...(exploited > 0 ? [`${exploited} exploited`] : []),
    ...(uncertain > 0 ? [`${uncertain} not certain`] : []),
    ...(unlinked > 0 ? [unlinked === findings.length ? 'not linked' : `${unlinked} not linked`] : []),
    ...(uncompared > 0 ? [`${uncompared} with a version that cannot be compared`] : []),
  ];
  const ids = [...new Set(findings.map(({ id }) => printable(id)))];
  const more = ids.length > maxIds ? ` and ${ids.length - maxIds} more` : '';
  const title = ids.length === 1 ? `: ${titleOf(findings[0]!)}` : '';
  const members = packages.length > 1 || packages[0] !== name ? [`in ${printable(packages.join(', '))}`] : [];
  const details = [`${ids.slice(0, maxIds).join(', ')}${more}${title}`, ...members];
  return { label: worst, head: `${printable(what)}: ${facts.join(', ')}`, details, ids };
}

function secretEntry(finding: ReportFinding): Entry {
  const { masked } = finding.evidence;
  return findingEntry(finding, [[placeOf(finding), layerText(finding), morePlaces(finding), textOf(masked)]]);
}

function tamperingEntry(finding: ReportFinding): Entry {
  const { expected, actual } = finding.evidence;
  const digests = [
    ['expected', textOf(expected)],
    ['found', textOf(actual)],
  ].filter(([, digest]) => digest !== null);
  return findingEntry(finding, [[placeOf(finding), layerText(finding)], ...digests.map((pair) => [pair.join(' ')])]);
}

function misconfigurationEntry(finding: ReportFinding): Entry {
  return findingEntry(finding, [[placeOf(finding)], [textOf(finding.evidence['fix'])]]);
}

/** Entry of a finding: its title, and rows of facts, some of which may be unknown. */
function findingEntry(finding: ReportFinding, rows: readonly (readonly (string | null)[])[]): Entry {
  const { id, severity, confidence } = finding;
  const doubt = confidence === 'certain' ? '' : ` (${confidence})`;
  const facts = rows.map((row) =>
    row
      .filter((fact) => fact !== null)
      .map((fact) => printable(fact))
      .join(', '),
  );
  return {
    label: severity,
    head: `${printable(id)}: ${titleOf(finding)}${doubt}`,
    details: facts,
    ids: [printable(id)],
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function titleOf({ title }: ReportFinding): string {
  return printable(title, maxTitle);
}

function warningEntry({ code, path, message }: ReportWarning): Entry {
  const detail = path === null ? printable(message) : `${printable(path)}: ${printable(message)}`;
  return { label: 'warning', head: `${printable(code)}: ${detail}`, details: [], ids: [printable(code)] };
}
