import { compareSeverity, type Severity, worstSeverity } from '@tidewaiter/domain';

import { latestVersion } from './latest-version.js';
import type { Report, ReportFinding } from './report.js';

/** Vulnerabilities of one package with their common upgrade, if there is one. */
export interface PackageFindings {
  /** Source package, if several packages are built from it. */
  name: string;
  packages: string[];
  installed: string;
  /** Version that fixes all of them; null without one. */
  upgrade: string | null;
  findings: ReportFinding[];
  worst: Severity;
  exploited: number;
}

/** Findings of a report by remedy; every finding is in exactly one group. */
export interface FindingGroups {
  upgrades: PackageFindings[];
  unfixed: PackageFindings[];
  /** Packages that a later layer deletes or replaces. */
  hidden: PackageFindings[];
  secrets: ReportFinding[];
  /** Integrity, malware and supply chain. */
  tampering: ReportFinding[];
  misconfiguration: ReportFinding[];
}

/** Groups findings, worst first in each group. */
export function groupFindings({ findings, packages }: Report): FindingGroups {
  const sorted = findings.toSorted(byRisk);
  const vulnerabilities = sorted.filter(({ kind }) => kind === 'vulnerability');
  const present = vulnerabilities.filter(({ state }) => state === 'present');
  const sources = new Map(packages.map(({ purl, source }) => [purl, source.name]));
  const group = (members: readonly ReportFinding[]) => groupByPackage(members, sources);
  return {
    upgrades: group(present.filter(({ fix }) => fix.version !== null)),
    unfixed: group(present.filter(({ fix }) => fix.version === null)),
    hidden: group(vulnerabilities.filter(({ state }) => state === 'shadowed')),
    secrets: sorted.filter(({ kind }) => kind === 'secret'),
    tampering: sorted.filter(({ kind }) => kind === 'integrity' || kind === 'malware' || kind === 'supply-chain'),
    misconfiguration: sorted.filter(({ kind }) => kind === 'misconfiguration'),
  };
}

/**
 * Whether a finding comes from an advisory about a package: a vulnerability, or a malicious
 * package. Malware found by its files belongs to no package.
 */
export function isOfAdvisory({ kind, evidence }: ReportFinding): boolean {
  return kind === 'vulnerability' || (kind === 'malware' && typeof evidence['advisory'] === 'string');
}

/** Order of priority: present, reachable, exploited, likely to be exploited, fixable, severe. */
export function byRisk(a: ReportFinding, b: ReportFinding): number {
  return (
    Number(b.state === 'present') - Number(a.state === 'present') ||
    Number(a.reachability === 'not-linked') - Number(b.reachability === 'not-linked') ||
    Number(b.kev) - Number(a.kev) ||
    likelihood(b) - likelihood(a) ||
    Number(b.fix.version !== null) - Number(a.fix.version !== null) ||
    compareSeverity(a.severity, b.severity) ||
    (b.epss ?? 0) - (a.epss ?? 0) ||
    compareText(a.id, b.id)
  );
}

/** EPSS in tenths: finer differences of a prediction must not outrank facts. */
function likelihood({ epss }: ReportFinding): number {
  return Math.floor((epss ?? 0) * 10);
}

function groupByPackage(findings: readonly ReportFinding[], sources: ReadonlyMap<string, string>): PackageFindings[] {
  const groups = new Map<string, ReportFinding[]>();
  for (const finding of findings) {
    const key = [sourceOf(finding, sources), finding.installedVersion, typeOf(finding)].join('\n');
    const others = groups.get(key);
    if (others) others.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()].map((members) => describeGroup(members, sources)).toSorted(byGain);
}

function describeGroup(findings: ReportFinding[], sources: ReadonlyMap<string, string>): PackageFindings {
  const packages = [...new Set(findings.map(nameOf))].toSorted(compareText);
  return {
    name: packages.length === 1 ? packages[0]! : sourceOf(findings[0]!, sources),
    packages,
    installed: findings[0]!.installedVersion ?? 'unknown version',
    upgrade: latestVersion(findings.map(({ fix }) => fix.version).filter((version) => version !== null)),
    findings,
    worst: worstSeverity(findings.map(({ severity }) => severity)),
    exploited: findings.filter(({ kev }) => kev).length,
  };
}

/**
 * Order of packages: exploited first, then worst severity, then most findings fixed by one upgrade.
 */
function byGain(a: PackageFindings, b: PackageFindings): number {
  return (
    Number(b.exploited > 0) - Number(a.exploited > 0) ||
    compareSeverity(a.worst, b.worst) ||
    b.findings.length - a.findings.length ||
    compareText(a.name, b.name) ||
    compareText(a.installed, b.installed)
  );
}

function nameOf({ packageName, purl, path }: ReportFinding): string {
  return packageName ?? purl ?? path ?? 'unknown package';
}

function sourceOf(finding: ReportFinding, sources: ReadonlyMap<string, string>): string {
  return sources.get(finding.purl ?? '') ?? nameOf(finding);
}

function typeOf({ purl }: ReportFinding): string {
  return purl?.split('/', 1)[0] ?? '';
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
