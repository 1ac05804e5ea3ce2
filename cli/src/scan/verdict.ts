import { type Finding, isAtLeast, type Severity } from '@tidewaiter/domain';
import type { ReportVerdict, ReportWarning } from '@tidewaiter/reports';

/** Warnings after which "nothing found" would mean nothing. */
const blindingCodes = new Set([
  'ADVISORIES_DAMAGED',
  'ADVISORIES_MISSING',
  'DIGESTS_MIXED',
  'FILE_TOO_LARGE',
  'LIMIT_EXCEEDED',
  'MALFORMED_FILE',
  'MORE_WARNINGS',
  'OS_UNKNOWN',
  'UNREADABLE',
]);

/** What a verdict fails on where nobody says otherwise: the same as for a push. */
const defaultThreshold = 'high';

/** What the findings come to. What a later layer hides does not run, but a secret in it is still given away. */
export function verdictOf(
  findings: readonly Finding[],
  warnings: readonly ReportWarning[],
  failOn: Severity = defaultThreshold,
): ReportVerdict {
  const counted = findings.filter(({ kind, state }) => state === 'present' || kind === 'secret');
  const failing = counted.filter(({ severity }) => isAtLeast(severity, failOn));
  if (failing.length > 0) {
    const noun = failing.length === 1 ? 'finding is' : 'findings are';
    return { result: 'fail', reasons: [`${failing.length} ${noun} ${failOn} or worse`] };
  }
  const blind = warnings.filter(({ code }) => blindingCodes.has(code));
  if (blind.length === 0) return { result: 'pass', reasons: [] };
  const reasons = [...new Set(blind.map(({ message, path }) => (path === null ? message : `${path}: ${message}`)))];
  return { result: 'unknown', reasons: reasons.slice(0, 10) };
}
