import { countedFindings } from './counting.js';
import { codeEntry } from './error-catalog.js';
import type { Finding } from './finding.js';
import { isAtLeast, type Severity } from './severity.js';

export const verdicts = ['pass', 'fail', 'unknown'] as const;

export type Verdict = (typeof verdicts)[number];

export interface VerdictWithReasons {
  result: Verdict;
  /** One sentence each. */
  reasons: string[];
}

/** Severity from which a verdict fails by default. */
const defaultThreshold = 'high';
const maxReasons = 10;

/**
 * Id of the finding about a layer that could not be read: an unread layer never yields a pass, at
 * any threshold.
 */
export const layerNotAnalyzedId = 'layer-not-analyzed';

/**
 * Returns `fail` for a finding at or above the threshold; `unknown`, with the reasons, if something
 * could not be evaluated, including the severity of a finding; else `pass`. Without a threshold
 * only policies decide.
 */
export function verdictOf(
  findings: readonly Finding[],
  warnings: readonly { code: string; path?: string | null; message: string }[],
  threshold: Severity | null = defaultThreshold,
): VerdictWithReasons {
  const counted = threshold === null ? [] : countedFindings(findings);
  const failing = counted.filter(({ severity }) => isAtLeast(severity, threshold!));
  if (failing.length > 0) {
    return { result: 'fail', reasons: [`${findingsAre(failing.length)} ${threshold} or worse`] };
  }
  const unevaluated = counted.filter(({ severity, match }) => severity === 'unknown' || match === 'unknown');
  const blind = warnings.filter(({ code }) => codeEntry(code)?.isBlinding === true);
  const unread = findings.filter(({ id }) => id === layerNotAnalyzedId);
  if (unevaluated.length === 0 && unread.length === 0 && blind.length === 0) return { result: 'pass', reasons: [] };
  const reasons = [
    ...(unevaluated.length > 0
      ? [`${findingsAre(unevaluated.length)} of unknown severity, or of a version that could not be compared`]
      : []),
    ...unread.map(({ title }) => title),
    ...new Set(blind.map(({ message, path }) => (path ? `${path}: ${message}` : message))),
  ];
  return { result: 'unknown', reasons: reasons.slice(0, maxReasons) };
}

function findingsAre(count: number): string {
  return count === 1 ? '1 finding is' : `${count} findings are`;
}
