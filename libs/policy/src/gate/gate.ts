import {
  countedFindings,
  isGating,
  type Finding,
  type FindingChanges,
  type IncompleteEffect,
  isAtLeast,
  type PolicyResult,
  severities,
  type Severity,
  verdictOf,
  type VerdictWithReasons,
  withPolicies,
} from '@tidewaiter/domain';

/**
 * Threshold of a gate: `high` fails on every finding of at least that severity, `new:high` on those
 * that the change introduced.
 */
export interface GateThreshold {
  severity: Severity;
  isOfChange: boolean;
}

/** Input of a gate. */
export interface GateInput {
  findings: readonly Finding[];
  warnings: readonly { code: string; path?: string | null; message: string }[];
  /** Changes since the image that it replaces; null if unknown. */
  changes: FindingChanges | null;
  policies: readonly PolicyResult[];
}

const changePrefix = 'new:';

/** Parses `high` or `new:high`; undefined for any other text. */
export function readThreshold(text: string): GateThreshold | undefined {
  const isOfChange = text.startsWith(changePrefix);
  const name = isOfChange ? text.slice(changePrefix.length) : text;
  const severity = severities.find((each) => each === name);
  return severity && { severity, isOfChange };
}

/**
 * Returns the verdict of a gate. Without a threshold the policies decide. With a threshold on
 * changes and no known baseline all findings count, as everything may be new.
 */
export function gateVerdict(
  input: GateInput,
  threshold: GateThreshold | null,
  onIncomplete?: IncompleteEffect,
): VerdictWithReasons {
  const { findings, warnings, changes, policies } = input;
  if (threshold === null) return withPolicies(verdictOf([], warnings, { threshold, onIncomplete }), policies);
  const { severity, isOfChange } = threshold;
  const evaluated = isOfChange && changes ? changes.introduced : findings;
  const verdict = verdictOf(evaluated, warnings, { threshold: severity, onIncomplete });
  const failing = countedFindings(evaluated.filter(isGating)).filter((finding) =>
    isAtLeast(finding.severity, severity),
  );
  if (failing.length === 0) return withPolicies(verdict, policies);
  const what = isOfChange && changes ? 'introduced by this change' : 'in all';
  return withPolicies(
    { result: 'fail', reasons: verdict.reasons.map((reason) => `${reason}, ${what}: ${idsOf(failing)}`) },
    policies,
  );
}

const maxIds = 10;

function idsOf(findings: readonly Finding[]): string {
  const ids = [...new Set(findings.map(({ id }) => id))];
  const more = ids.length > maxIds ? ` and ${ids.length - maxIds} more` : '';
  return `${ids.slice(0, maxIds).join(', ')}${more}`;
}
