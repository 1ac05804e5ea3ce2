import type { Verdict, VerdictWithReasons } from './verdict.js';

/** What a policy's answer does: nothing but be written down, warn, or decide. */
export const policyModes = ['audit', 'warn', 'enforce'] as const;

export type PolicyMode = (typeof policyModes)[number];

/** What a policy says about an image. */
export interface PolicyResult {
  name: string;
  mode: PolicyMode;
  /** `unknown` where a fact is missing that the answer depends on. */
  result: Verdict;
  /** A sentence each. */
  reasons: string[];
}

const maxReasons = 10;
const worstFirst: readonly Verdict[] = ['fail', 'unknown', 'pass'];

/** A verdict with what policies add to it; those that only warn or are written down decide nothing. */
export function withPolicies(verdict: VerdictWithReasons, results: readonly PolicyResult[]): VerdictWithReasons {
  const answers = results
    .filter(({ mode }) => mode === 'enforce')
    .map(({ name, result, reasons }) => ({ result, reasons: reasons.map((reason) => `${name}: ${reason}`) }));
  const all = [verdict, ...answers].toSorted((a, b) => worstFirst.indexOf(a.result) - worstFirst.indexOf(b.result));
  return { result: all[0]!.result, reasons: all.flatMap(({ reasons }) => reasons).slice(0, maxReasons) };
}

/** What policies warn of. */
export function policyWarnings(results: readonly PolicyResult[]): { code: string; path: null; message: string }[] {
  return results
    .filter(({ mode, result }) => mode === 'warn' && result !== 'pass')
    .flatMap(({ name, reasons }) =>
      reasons.map((reason) => ({ code: 'POLICY_WARNING', path: null, message: `${name}: ${reason}` })),
    );
}
