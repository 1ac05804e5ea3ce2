import { layerText, morePlaces, placeOf, printable } from '@tidewaiter/domain';

import { groupFindings, type PackageFindings } from '../finding-groups.js';
import type { Report, ReportFinding, ReportFormat, ReportWarning } from '../report.js';
import { checkedText, countOf, osText, packagesText, severitiesText, verdictText } from '../wording.js';

/**
 * GitHub rejects a longer step summary as a whole. @see
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
 */
const maxBytes = 1024 * 1024;
/** For the note about omitted lines. */
const reservedBytes = 1024;
const maxIds = 20;

const marks = { pass: '✅', fail: '❌', unknown: '⚠️' } as const;

/** Markdown for the step summary of GitHub Actions. */
export const github: ReportFormat = {
  name: 'github',
  ofSeveral: 'texts',
  render: (report, { isGate }) => withinLimit([...headLines(report, isGate), ...sectionLines(report)]),
};

function headLines(report: Report, isGate: boolean | undefined): string[] {
  const { findings, target, verdict } = report;
  const found =
    findings.length === 0
      ? `Nothing found in ${checkedText(report)}`
      : `${severitiesText(findings)}; in ${checkedText(report)}`;
  return [
    `## ${marks[verdict.result]} Tidewaiter: ${escape(target.reference)}`,
    '',
    `**${escape(verdictText(report, isGate))}**`,
    '',
    `${escape(found)}.`,
    '',
    `System: ${escape(osText(report))}, ${escape(packagesText(report))}.`,
  ];
}

function sectionLines(report: Report): string[] {
  const { upgrades, unfixed, hidden, secrets, tampering, misconfiguration } = groupFindings(report);
  const groupHead = ['Severity', 'Package', 'Installed', 'Upgrade to', 'Findings', 'Ids'];
  const findingHead = ['Severity', 'Id', 'What', 'Where'];
  return [
    ...section('Upgrades', groupHead, upgrades.map(groupRow)),
    ...section('Without a fix', groupHead, unfixed.map(groupRow)),
    ...section('Secrets', findingHead, secrets.map(findingRow)),
    ...section('Integrity, malware and supply chain', findingHead, tampering.map(findingRow)),
    ...section('Misconfiguration', findingHead, misconfiguration.map(findingRow)),
    ...section('In lower layers only', groupHead, hidden.map(groupRow)),
    ...section('Warnings', ['Code', 'Path', 'Message'], report.warnings.map(warningRow)),
  ];
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return [
    '',
    `### ${title}`,
    '',
    rowText(head),
    rowText(head.map(() => '---')),
    ...rows.map((row) => rowText(row.map(escape))),
  ];
}

function rowText(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function groupRow({ worst, name, installed, upgrade, findings, exploited }: PackageFindings): string[] {
  const ids = [...new Set(findings.map(({ id }) => id))];
  const more = ids.length > maxIds ? ` and ${ids.length - maxIds} more` : '';
  const count = exploited > 0 ? `${findings.length}, ${exploited} exploited` : String(findings.length);
  return [worst, name, installed, upgrade ?? '', count, `${ids.slice(0, maxIds).join(', ')}${more}`];
}

function findingRow(finding: ReportFinding): string[] {
  const { severity, id, title, evidence } = finding;
  const { masked } = evidence;
  const places = [
    placeOf(finding),
    layerText(finding),
    morePlaces(finding),
    typeof masked === 'string' ? masked : null,
  ];
  return [severity, id, title, places.filter((place) => place !== null).join(', ')];
}

function warningRow({ code, path, message }: ReportWarning): string[] {
  return [code, path ?? '', message];
}

/** Keeps whole lines up to the limit, and counts the omitted ones. */
function withinLimit(lines: readonly string[]): string {
  let bytes = 0;
  let count = 0;
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > maxBytes - reservedBytes) break;
    count += 1;
  }
  const left = lines.length - count;
  const note =
    left === 0
      ? []
      : ['', `**${countOf(left, 'line')} left out: a summary holds 1 MiB. The JSON report has everything.**`];
  return `${[...lines.slice(0, count), ...note].join('\n')}\n`;
}

/**
 * Escapes untrusted text. The comment keeps `@someone` and `#1` from becoming a mention or a link.
 */
function escape(text: string): string {
  return printable(text)
    .replaceAll(/[&<>"'`\\|*_~{}[\]()!$]|:(?=\/\/)|(?<=www)\./gi, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll(/(?<!&)[#@]/g, (character) => `&#${character.charCodeAt(0)};<!-- -->`);
}
