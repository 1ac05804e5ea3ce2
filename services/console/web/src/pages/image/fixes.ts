import { compareSeverity, type Severity, worstSeverity } from '@tidewaiter/domain';

import type { ImageFinding } from '../../api/types.js';

/** One piece of work: the upgrade, or the removal, that closes some findings. */
export interface Fix {
  key: string;
  title: string;
  findings: ImageFinding[];
  worst: Severity;
  /** Findings of it that are exploited in the wild. */
  exploited: number;
  /** Whether a sensor saw the package executed or loaded. */
  inUse: boolean;
  isFixable: boolean;
}

const withoutFix: Record<ImageFinding['fix']['state'], string> = {
  'not-fixed': 'no fix yet',
  'wont-fix': 'will not be fixed',
  unknown: 'no fix known',
  fixed: 'fixed',
};

/** Whether a finding is closed by a change of its package; an altered file is not. */
export function isOfPackage({ packageName, kind }: Pick<ImageFinding, 'packageName' | 'kind'>): boolean {
  return packageName !== null && kind !== 'integrity';
}

/** Counted findings of packages by the upgrade that closes them: fixable, then worst first. */
export function fixesOf(findings: readonly ImageFinding[]): Fix[] {
  const open = findings.filter((finding) => finding.counted && isOfPackage(finding));
  const groups = Map.groupBy(open, ({ kind, packageName, installedVersion, fix }) =>
    JSON.stringify([kind === 'malware', packageName, installedVersion, fix.state]),
  );
  return [...groups].map(([key, some]) => fixOf(key, some)).toSorted(compareFixes);
}

function fixOf(key: string, findings: ImageFinding[]): Fix {
  return {
    key,
    title: titleOf(findings),
    findings: findings.toSorted((a, b) => compareSeverity(a.severity, b.severity)),
    worst: worstSeverity(findings.map(({ severity }) => severity)),
    exploited: findings.filter(({ kev }) => kev).length,
    inUse: findings.some(({ inUse }) => inUse === true),
    isFixable: findings[0]!.fix.version !== null || findings[0]!.kind === 'malware',
  };
}

function titleOf(findings: readonly ImageFinding[]): string {
  const { packageName, installedVersion, fix, kind } = findings[0]!;
  const name = [packageName, installedVersion].filter(Boolean).join(' ');
  if (kind === 'malware') return `Remove ${name}: malicious`;
  const versions = [...new Set(findings.flatMap(({ fix: { version } }) => version ?? []))];
  if (versions.length === 0) return `${name}: ${withoutFix[fix.state]}`;
  // Versions of schemes are not compared here: with several, each finding names its own.
  return versions.length === 1 ? `Upgrade ${name} to ${versions[0]}` : `Upgrade ${name}`;
}

function compareFixes(a: Fix, b: Fix): number {
  return (
    Number(b.isFixable) - Number(a.isFixable) ||
    b.exploited - a.exploited ||
    compareSeverity(a.worst, b.worst) ||
    Number(b.inUse) - Number(a.inUse) ||
    b.findings.length - a.findings.length ||
    a.title.localeCompare(b.title)
  );
}
