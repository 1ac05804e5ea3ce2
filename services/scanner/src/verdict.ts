import { countBySeverity, type Finding, isCounted, type SeverityCounts } from '@tidewaiter/domain';

/** One vulnerability of a package counts once, however many platforms of the push have it. */
export function countFindings(findings: readonly Finding[]): SeverityCounts {
  const unique = new Map(findings.filter(isCounted).map((finding) => [finding.fingerprint, finding]));
  return countBySeverity(unique.values());
}
