import { cut, type Severity } from '@tidewaiter/domain';

import type { OutgoingImage } from '../sender.js';

type ImageFinding = OutgoingImage['findings'][number];

/** Titles are up to 511 characters in DefectDojo. */
const maxTitleChars = 500;

const severityNames: Record<Severity, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Info',
  // DefectDojo has no unknown one, and must not hide it below everything.
  unknown: 'Medium',
};

/** An identifier that DefectDojo links to its source. */
const vulnerabilityId = /^(?:CVE|GHSA|OSV|RUSTSEC|PYSEC|GO|DLA|DSA|USN|RHSA|ALSA|ELSA)-/;

/**
 * Findings as a document of its parser "Generic Findings Import". The fingerprint makes a finding
 * of the next image the same one.
 * @see https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/
 */
export function genericFindings(findings: OutgoingImage['findings'], date: string, consoleUrl: string): object {
  return { findings: findings.map((finding) => genericFinding(finding, date, consoleUrl)) };
}

function genericFinding(finding: ImageFinding, date: string, consoleUrl: string): object {
  const { id, aliases, title, severity, packageName, installedVersion, path, cvss, fix, kind, fingerprint, epss } =
    finding;
  const place = packageName ?? path;
  const ids = [id, ...aliases].filter((each) => vulnerabilityId.test(each));
  const [cve] = ids.filter((each) => each.startsWith('CVE-'));
  return {
    title: cut(place === null ? `${id}: ${title}` : `${id}: ${title} (${place})`, maxTitleChars),
    description: description(finding),
    severity: severityNames[severity],
    ...(fix.version !== null && { mitigation: `Upgrade ${packageName ?? 'it'} to ${fix.version}.` }),
    references: consoleUrl,
    date,
    ...(cve !== undefined && { cve }),
    ...(ids.length > 0 && { vulnerability_ids: ids }),
    ...(cvss?.vector?.startsWith('CVSS:3') && { cvssv3: cvss.vector }),
    ...(epss !== null && { epss_score: epss }),
    ...(packageName !== null && { component_name: packageName, component_version: installedVersion ?? '' }),
    ...(path !== null && { file_path: path }),
    unique_id_from_tool: fingerprint,
    vuln_id_from_tool: id,
    tags: [kind],
    active: true,
    verified: false,
    static_finding: true,
    dynamic_finding: false,
  };
}

function description({ title, packageName, installedVersion, path, kev, fix, kind }: ImageFinding): string {
  const lines = [
    title,
    packageName !== null && `Package: ${packageName} ${installedVersion ?? ''}`.trim(),
    path !== null && `File: ${path}`,
    kind === 'vulnerability' && `Fix: ${fix.version ?? fix.state}`,
    kev && 'It is in a list of known exploited vulnerabilities.',
  ];
  return lines.filter((line) => line !== false).join('\n\n');
}
