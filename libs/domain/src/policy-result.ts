import type { Verdict, VerdictWithReasons } from './verdict.js';

/** Effect of a policy's result: recorded only, a warning, or part of the verdict. */
export const policyModes = ['audit', 'warn', 'enforce'] as const;

export type PolicyMode = (typeof policyModes)[number];

/** Result of a policy for an image. */
export interface PolicyResult {
  name: string;
  mode: PolicyMode;
  /** `unknown` if a required fact is missing. */
  result: Verdict;
  /** One sentence each. */
  reasons: string[];
}

const maxReasons = 10;
const worstFirst: readonly Verdict[] = ['fail', 'unknown', 'pass'];

/** A verdict combined with policy results; policies in mode `warn` or `audit` do not affect it. */
export function withPolicies(verdict: VerdictWithReasons, results: readonly PolicyResult[]): VerdictWithReasons {
  const answers = results
    .filter(({ mode }) => mode === 'enforce')
    .map(({ name, result, reasons }) => ({ result, reasons: reasons.map((reason) => `${name}: ${reason}`) }));
  const all = [verdict, ...answers].toSorted((a, b) => worstFirst.indexOf(a.result) - worstFirst.indexOf(b.result));
  return { result: all[0]!.result, reasons: all.flatMap(({ reasons }) => reasons).slice(0, maxReasons) };
}

/** Warnings from policies in mode `warn` that did not pass. */
export function policyWarnings(results: readonly PolicyResult[]): { code: string; path: null; message: string }[] {
  return results
    .filter(({ mode, result }) => mode === 'warn' && result !== 'pass')
    .flatMap(({ name, reasons }) =>
      reasons.map((reason) => ({ code: 'POLICY_WARNING', path: null, message: `${name}: ${reason}` })),
    );
}
