import { cut, type Severity } from '@tidewaiter/domain';

import { byRisk, isOfAdvisory } from '../finding-groups.js';
import { jsonText } from '../json-text.js';
import type { Report, ReportFinding, ReportFormat } from '../report.js';
import { stableUuid } from '../stable-uuid.js';
import { countOf, fixText, warningText } from '../wording.js';

const schemaVersion = '15.0.7';
const maxName = 255;
const maxDescription = 10_000;
const maxSolution = 7000;
const maxMessages = 1000;

/**
 * GitLab's container scanning report. @see
 * https://gitlab.com/gitlab-org/security-products/security-report-schemas
 */
export const gitlab: ReportFormat = {
  name: 'gitlab',
  ofSeveral: 'lines',
  render: (report, { toolVersion }) =>
    jsonText({
      version: schemaVersion,
      scan: scanOf(report, toolVersion),
      vulnerabilities: report.findings
        .filter(isShown)
        .toSorted(byRisk)
        .map((finding) => vulnerabilityOf(finding, report)),
    }),
};

/**
 * The format has only advisories about packages; the scan's messages count the omitted findings.
 */
function isShown(finding: ReportFinding): boolean {
  return isOfAdvisory(finding) && finding.state === 'present';
}

function scanOf(report: Report, toolVersion: string): object {
  const { startedAt, durationMs } = report.stats;
  const tool = { id: 'tidewaiter', name: 'Tidewaiter', version: toolVersion, vendor: { name: 'Tidewaiter' } };
  return {
    type: 'container_scanning',
    status: 'success',
    start_time: secondsOf(Date.parse(startedAt)),
    end_time: secondsOf(Date.parse(startedAt) + durationMs),
    analyzer: tool,
    scanner: tool,
    messages: messagesOf(report).slice(0, maxMessages),
  };
}

/** `2026-11-25T10:00:00` in UTC, which the format cannot express. */
function secondsOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19);
}

function messagesOf({ findings, warnings, verdict }: Report): object[] {
  const left = findings.filter((finding) => !isShown(finding)).length;
  const note = `${countOf(left, 'finding')} of other kinds, or in lower layers only, cannot be expressed in this format`;
  return [
    ...(left > 0 ? [{ level: 'info', value: note }] : []),
    ...verdict.reasons.map((reason) => ({ level: 'info', value: `${verdict.result}: ${reason}` })),
    ...warnings.map((warning) => ({ level: 'warn', value: warningText(warning) })),
  ];
}

const severities: Record<Severity, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Info',
  unknown: 'Unknown',
};

function vulnerabilityOf(finding: ReportFinding, { os, target }: Report): object {
  const { id, aliases, title, severity, fingerprint, purl, path, packageName, installedVersion, cvss } = finding;
  const solution = fixText(finding);
  const system = os === null ? 'unknown' : [os.id, os.versionId].filter((part) => part !== undefined).join(':');
  return {
    id: stableUuid('gitlab', fingerprint, purl ?? '', path ?? ''),
    name: cut(title, maxName),
    description: cut(title, maxDescription),
    severity: severities[severity],
    ...(solution !== undefined && { solution: cut(solution, maxSolution) }),
    identifiers: [id, ...aliases].map(identifierOf),
    ...(cvss && cvssVector.test(cvss.vector) && { cvss_vectors: [{ vendor: 'unknown', vector: cvss.vector }] }),
    links: [id, ...aliases]
      .map(linkOf)
      .filter((url) => url !== undefined)
      .map((url) => ({ url })),
    location: {
      dependency: { package: { name: packageName ?? purl ?? 'unknown' }, version: installedVersion ?? 'unknown' },
      operating_system: system || 'unknown',
      image: target.reference || 'unknown',
    },
  };
}

/**
 * GitLab rejects the whole report for one unreadable vector; advisories have only base and temporal
 * metrics.
 */
const cvssVector =
  /^CVSS:3[.][01](\/(AV:[NALP]|AC:[LH]|PR:[NLH]|UI:[NR]|S:[UC]|[CIA]:[NLH]|E:[XUPFH]|RL:[XOTWU]|RC:[XURC])){8,11}$/;

function identifierOf(id: string): object {
  const url = linkOf(id);
  const type = /^[A-Za-z]{2,20}(?=-)/.exec(id)?.[0].toLowerCase() ?? 'tidewaiter';
  return { type, name: id || 'unknown', value: id || 'unknown', ...(url !== undefined && { url }) };
}

function linkOf(id: string): string | undefined {
  if (/^CVE-\d{4}-\d{4,19}$/.test(id)) return `https://nvd.nist.gov/vuln/detail/${id}`;
  return /^GHSA(-[0-9a-z]{4}){3}$/.test(id) ? `https://github.com/advisories/${id}` : undefined;
}
