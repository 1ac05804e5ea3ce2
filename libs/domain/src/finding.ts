import type { FixState } from './advisory.js';
import type { Presence } from './image.js';
import type { Severity } from './severity.js';

export const findingKinds = [
  'vulnerability',
  'secret',
  'misconfiguration',
  'integrity',
  'malware',
  'supply-chain',
] as const;

export type FindingKind = (typeof findingKinds)[number];

/** A problem of an image. One model for every kind. */
export interface Finding {
  kind: FindingKind;
  /** The familiar id: a CVE, or the id of a rule. */
  id: string;
  aliases: string[];
  severity: Severity;
  title: string;
  /** Stable for the same vulnerability in the same package name, across rescans, versions and digests. */
  fingerprint: string;
  purl: string | null;
  packageName: string | null;
  installedVersion: string | null;
  path: string | null;
  /** Index of the layer that brought it; null where the finding is not about a file of a layer. */
  layer: number | null;
  state: Presence;
  /** `unknown` where a version could not be compared; such a finding is reported and counted, never hidden. */
  match: 'affected' | 'unknown';
  fix: { state: FixState; version: string | null };
  cvss: { vector: string; score: number } | null;
  /** Certainty that the finding is real. */
  confidence: Confidence;
  /** Observed values for readers: plain JSON, never a secret's value. */
  evidence: Record<string, unknown>;
}

/**
 * Why a finding of an unchanged image is announced: its advisory, CISA's catalog of exploited
 * vulnerabilities, or its EPSS score.
 */
export const findingReasons = ['advisory', 'kev', 'epss'] as const;
export type FindingReason = (typeof findingReasons)[number];

export type Confidence = 'certain' | 'likely' | 'possible';

type Required = 'kind' | 'id' | 'severity' | 'title' | 'fingerprint' | 'layer' | 'state';

/** A finding with defaults for a finding without a package; `known` overrides them. */
export function findingOf(known: Pick<Finding, Required> & Partial<Finding>): Finding {
  return {
    aliases: [],
    purl: null,
    packageName: null,
    installedVersion: null,
    path: null,
    match: 'affected',
    fix: { state: 'unknown', version: null },
    cvss: null,
    confidence: 'certain',
    evidence: {},
    ...known,
  };
}

/** How many findings of each severity. */
export type SeverityCounts = Record<Severity, number>;

export function countBySeverity(findings: Iterable<{ severity: Severity }>): SeverityCounts {
  const counts: SeverityCounts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}
