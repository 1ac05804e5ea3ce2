import {
  countedFindings,
  type Finding,
  type FindingChanges,
  isAtLeast,
  type PolicyResult,
  severities,
  type Severity,
  verdictOf,
  type VerdictWithReasons,
  withPolicies,
} from '@tidewaiter/domain';

/** On what a gate closes: `high` on every finding as bad, `new:high` on those that the change introduced. */
export interface GateThreshold {
  severity: Severity;
  isOfChange: boolean;
}

/** What a gate looks at. */
export interface GateInput {
  findings: readonly Finding[];
  warnings: readonly { code: string; path?: string | null; message: string }[];
  /** Against the image that it replaces; null where that is not known. */
  changes: FindingChanges | null;
  policies: readonly PolicyResult[];
}

const changePrefix = 'new:';

/** Reads `high` or `new:high`; undefined for what is neither. */
export function readThreshold(text: string): GateThreshold | undefined {
  const isOfChange = text.startsWith(changePrefix);
  const name = isOfChange ? text.slice(changePrefix.length) : text;
  const severity = severities.find((each) => each === name);
  return severity && { severity, isOfChange };
}

/**
 * Opens or closes. Without a threshold the policies decide. A gate that asks for a change and knows of none does not open: everything
 * may be new.
 */
export function gateVerdict(input: GateInput, threshold: GateThreshold | null): VerdictWithReasons {
  const { findings, warnings, changes, policies } = input;
  if (threshold === null) return withPolicies(verdictOf([], warnings, null), policies);
  const { severity, isOfChange } = threshold;
  const judged = isOfChange && changes ? changes.introduced : findings;
  const verdict = verdictOf(judged, warnings, severity);
  if (verdict.result !== 'fail') return withPolicies(verdict, policies);
  const failing = countedFindings(judged).filter((finding) => isAtLeast(finding.severity, severity));
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
