import { countedFindings, isGating } from './counting.js';
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

/** Effect of a file that was not read completely: see {@link verdictOf}. */
export const incompleteEffects = ['warn', 'fail'] as const;

export type IncompleteEffect = (typeof incompleteEffects)[number];

/** Warning as input of a verdict. */
interface VerdictWarning {
  code: string;
  /** Null or absent if it concerns the whole input. */
  path?: string | null;
  message: string;
}

export interface VerdictRules {
  /** Null if only policies decide. */
  threshold?: Severity | null | undefined;
  /** `unknown` for targets that are a single document, whose unread part may be all of it. */
  onIncomplete?: IncompleteEffect | 'unknown' | undefined;
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
 * could not be evaluated: the severity of a finding, an inventory, a package database or a layer;
 * else `pass`. An uncertain match of a program decides nothing.
 *
 * A single file that was not read completely only warns, unless `onIncomplete` says
 * otherwise: every large image has one, and a gate without a verdict would be switched off.
 */
export function verdictOf(
  findings: readonly Finding[],
  warnings: readonly VerdictWarning[],
  { threshold = defaultThreshold, onIncomplete = 'warn' }: VerdictRules = {},
): VerdictWithReasons {
  const counted = threshold === null ? [] : countedFindings(findings.filter(isGating));
  const failing = counted.filter(({ severity }) => isAtLeast(severity, threshold!));
  if (failing.length > 0) {
    return { result: 'fail', reasons: [`${findingsAre(failing.length)} ${threshold} or worse`] };
  }
  const partial = warnings.filter(isPartial).map(textOf);
  if (onIncomplete === 'fail' && partial.length > 0) return { result: 'fail', reasons: limited(partial) };
  const unevaluated = counted.filter(({ severity, match }) => severity === 'unknown' || match === 'unknown');
  const reasons = [
    ...(unevaluated.length > 0
      ? [`${findingsAre(unevaluated.length)} of unknown severity, or of a version that could not be compared`]
      : []),
    ...findings.filter(({ id }) => id === layerNotAnalyzedId).map(({ title }) => title),
    ...warnings.filter(isBlinding).map(textOf),
    ...(onIncomplete === 'unknown' ? partial : []),
  ];
  return { result: reasons.length === 0 ? 'pass' : 'unknown', reasons: limited(reasons) };
}

/** Whether a warning is about an inventory, a package database, a layer or the whole input. */
function isBlinding({ code, path }: Pick<VerdictWarning, 'code' | 'path'>): boolean {
  const entry = codeEntry(code);
  return entry?.isBlinding === true || (entry?.isIncomplete === true && !path);
}

/** Whether a warning is about one file, or a part of it. */
export function isPartial({ code, path }: Pick<VerdictWarning, 'code' | 'path'>): boolean {
  return codeEntry(code)?.isIncomplete === true && Boolean(path);
}

const textOf = ({ path, message }: VerdictWarning): string => (path ? `${path}: ${message}` : message);

const limited = (reasons: readonly string[]): string[] => [...new Set(reasons)].slice(0, maxReasons);

function findingsAre(count: number): string {
  return count === 1 ? '1 finding is' : `${count} findings are`;
}
