import type { FixState } from './advisory.js';
import type { Presence } from './image.js';
import type { Reachability } from './linked-code.js';
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

/** Problem of an image. One model for every kind. */
export interface Finding {
  kind: FindingKind;
  /** Best-known id: a CVE, or the id of a rule. */
  id: string;
  aliases: string[];
  severity: Severity;
  title: string;
  /**
   * Stable for the same vulnerability in the same package name, across rescans, versions and
   * digests.
   */
  fingerprint: string;
  purl: string | null;
  packageName: string | null;
  installedVersion: string | null;
  path: string | null;
  /** Index of its layer; null if the finding is not about a file of a layer. */
  layer: number | null;
  state: Presence;
  /**
   * `unknown` if a version could not be compared; such a finding is reported and counted, never
   * hidden.
   */
  match: 'affected' | 'unknown';
  fix: { state: FixState; version: string | null };
  /** Absent where it is unknown, as for everything but Go programs. */
  reachability?: Reachability;
  cvss: { vector: string; score: number } | null;
  /** Certainty that the finding is real. */
  confidence: Confidence;
  /** Observed values for readers: plain JSON, never a secret's value. */
  evidence: Record<string, unknown>;
  /**
   * Every place of a secret, the one that `path`, `layer` and `evidence` describe first. Absent for
   * other kinds, and for secrets that an older version stored.
   */
  locations?: FindingLocation[];
  /** Number of places that `locations` does not list. */
  moreLocations?: number;
}

/** One of the places in which the value of a secret stands. */
export interface FindingLocation {
  /** Path in the image, which may continue into an archive; null outside of files. */
  path: string | null;
  line?: number;
  /** Null outside of layers. */
  layer: number | null;
  state: Presence;
  /** Layer that deletes or replaces the file. */
  removedInLayer?: number;
  /** `file`, or the part of the config: `env`, `label`, `history`, `cmd` or `entrypoint`. */
  origin: string;
  /** Name of the variable or label, or number of the build step or argument. */
  name?: string;
  /** Rule that matched here. */
  rule: string;
  title: string;
  severity: Severity;
  confidence: Confidence;
  masked?: string;
  /** Fingerprint of the value; only where the places of one finding hold different values. */
  valueFingerprint?: string;
  /** Purl of the package that the file belongs to. */
  package?: string;
  /** Whether the file is as its package published it, and the evidence for that. */
  fileOrigin?: string;
  /** Whether it counts as published with the package, and not as the user's. */
  isPublic?: boolean;
}

/**
 * Reason why a finding of an unchanged image is announced: its advisory, a list of
 * exploited vulnerabilities, or its EPSS score.
 */
export const findingReasons = ['advisory', 'kev', 'epss'] as const;
export type FindingReason = (typeof findingReasons)[number];

export type Confidence = 'certain' | 'likely' | 'possible';

type Required = 'kind' | 'id' | 'severity' | 'title' | 'fingerprint' | 'layer' | 'state';

/** Creates a finding with defaults for one without a package; `known` overrides them. */
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

/** Number of findings of each severity. */
export type SeverityCounts = Record<Severity, number>;

export function countBySeverity(findings: Iterable<{ severity: Severity }>): SeverityCounts {
  const counts: SeverityCounts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}
