import type { Severity } from './severity.js';

/** Whether the sources know a version that fixes the vulnerability. */
export const fixStates = ['fixed', 'not-fixed', 'wont-fix', 'unknown'] as const;

export type FixState = (typeof fixStates)[number];

/**
 * Result of comparing a version with the ranges of an advisory. `unknown`: it could not be
 * compared, which is reported.
 */
export const matchStates = ['affected', 'unknown'] as const;

export type MatchState = (typeof matchStates)[number];

/** Advisory that matches, or may match, one package. */
export interface AdvisoryMatch {
  /** OSV id of the advisory: aliases change, the id does not. */
  advisoryId: string;
  state: MatchState;
  fix: { state: FixState; version?: string };
}

/** Fields of an advisory that reports and messages show. */
export interface AdvisorySummary {
  /** OSV id. */
  id: string;
  /** Best-known id: the CVE, else the GHSA, else the source's own. */
  vulnerabilityId: string;
  /** Every other id, with the CVE and GHSA ids of `upstream`; sorted. */
  aliases: string[];
  severity: Severity;
  /** CVSS base score, 0 to 10, if a source has a vector. */
  cvss: { vector: string; score: number } | null;
  title: string;
  /** ISO 8601; null if no source has a date. */
  published: string | null;
}
