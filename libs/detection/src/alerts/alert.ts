import type { Digest, IncidentArtifact, IncidentEvidence } from '@tidewaiter/domain';

/** Severity of an alert, in Sigma's terms. */
export const levels = ['critical', 'high', 'medium', 'low', 'informational'] as const;

export type AlertLevel = (typeof levels)[number];

/**
 * Effect of an alert: `alone` opens an incident by itself, `support` with a second kind of
 * evidence, `context` never: it adds detail to an incident that other alerts opened.
 */
export type Weight = 'alone' | 'support' | 'context';

/** Match of one rule, with the facts known at that time. */
export interface DetectionAlert {
  /** Derived from the rule and its events: the same events give the same alert again. */
  id: string;
  /**
   * Id of the alert that this one replaces: its event was evaluated again with more facts about the
   * container.
   */
  revises?: string;
  rule: AlertRule;
  severity: AlertLevel;
  weight: Weight;
  /** ISO 8601 with the fraction digits of the sensor. */
  at: string;
  timeMs: number;
  /** Ids of the records, in order; a correlation has several. */
  events: string[];
  /** Time of each event. */
  eventTimesMs: number[];
  /** ATT&CK: `T1059.004` */
  techniques: string[];
  /** ATT&CK tactic, as in tags: `command-and-control`. */
  stage: string | null;
  title: string;
  /** Description of the event. Attacker-controlled text. */
  explanation: string;
  /** Finding of a built-in rule: `drift`, `miner`. */
  finding: string | null;
  /** Incident name that overrides the finding's where that is too general: `SSH access planted`. */
  name: string | null;
  /** Whether it depends on facts about the image, not on behavior alone. */
  isFact: boolean;
  /** Whether a sensor evaluated it, not a rule. */
  bySensor: boolean;
  /** Keys that join it to other alerts: see {@link joinKeys}. */
  keys: string[];
  context: AlertContext;
  /** Relevant facts about the image and the workload. */
  image: ImageEvidence[];
  artifacts: IncidentArtifact[];
  /** The most relevant events, bounded. */
  evidence: IncidentEvidence[];
  /** Why context lowered it; null where nothing did. */
  lowered: string | null;
}

export interface AlertRule {
  id: string;
  title: string;
  author: string | null;
  license: string | null;
  level: AlertLevel;
  tags: string[];
  /** Reference with more about the rule. */
  link: string | null;
  /** File of the rule; null for a rule of a sensor. */
  file: string | null;
}

/** Place of an alert; unknown parts are null. */
export interface AlertContext {
  cluster: string | null;
  node: string | null;
  namespace: string | null;
  pod: string | null;
  container: string | null;
  /** `namespace/Kind/name` */
  workload: string | null;
  /** As the sensor names it: `registry.example.com/shop/payment:3.4.0`. */
  image: string | null;
  imageDigest: Digest | null;
}

/** Fact about the image or the workload that an incident uses. */
export interface ImageEvidence {
  /** Display text: `/tmp/kinsing is not in the image`. */
  text: string;
  /** Finding that the fact is by itself. */
  finding: string | null;
  technique: string | null;
  /**
   * Vulnerability that is known to be exploited: counts only in a cluster with an exploitation
   * finding.
   */
  vulnerability: { id: string; package: string } | null;
}

/** Compares two levels, the worst first. */
export function compareLevel(a: AlertLevel, b: AlertLevel): number {
  return levels.indexOf(a) - levels.indexOf(b);
}

export function isLevelAtLeast(level: AlertLevel, threshold: AlertLevel): boolean {
  return compareLevel(level, threshold) <= 0;
}
