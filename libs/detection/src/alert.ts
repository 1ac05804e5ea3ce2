import type { Digest, IncidentArtifact, IncidentEvidence } from '@tidewaiter/domain';

/** How bad an alert is: Sigma's words. */
export const levels = ['critical', 'high', 'medium', 'low', 'informational'] as const;

export type Level = (typeof levels)[number];

/**
 * What an alert may do. `alone` opens an incident by itself, `support` with a second kind of evidence, `context` never: it tells more of an
 * incident that others opened.
 */
export type Weight = 'alone' | 'support' | 'context';

/** One rule that matched, with what was known when it did. */
export interface Alert {
  /** Derived from the rule and its events: the same events give the same alert again. */
  id: string;
  /** Id of the alert that this one replaces: its event was judged again when more was known of the container. */
  revises?: string;
  rule: AlertRule;
  severity: Level;
  weight: Weight;
  /** ISO 8601 with the fraction digits of the sensor. */
  at: string;
  timeMs: number;
  /** Ids of the records, in order; a correlation has several. */
  events: string[];
  /** When each of them happened. */
  eventTimesMs: number[];
  /** ATT&CK: `T1059.004` */
  techniques: string[];
  /** ATT&CK tactic, as in tags: `command-and-control`. */
  stage: string | null;
  title: string;
  /** What happened, in words of the event. Attacker-controlled text. */
  explanation: string;
  /** What our own rules call it: `drift`, `miner`. */
  finding: string | null;
  /** What an incident is called for it, where its finding's own name says too little: `SSH access planted`. */
  name: string | null;
  /** Whether it rests on what is known of the image, not on behaviour alone. */
  isFact: boolean;
  /** Whether a sensor judged it, not a rule. */
  bySensor: boolean;
  /** What it is joined to other alerts by: see {@link joinKeys}. */
  keys: string[];
  context: AlertContext;
  /** What was known of the image and the workload, as far as it matters. */
  image: ImageEvidence[];
  artifacts: IncidentArtifact[];
  /** The telling events, bounded. */
  evidence: IncidentEvidence[];
  /** Why context lowered it; null where nothing did. */
  lowered: string | null;
}

export interface AlertRule {
  id: string;
  title: string;
  author: string | null;
  license: string | null;
  level: Level;
  tags: string[];
  /** Where more is said of it. */
  link: string | null;
  /** File of the rule; null of a sensor's own. */
  file: string | null;
}

/** Where it happened, as far as anyone knows. */
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

/** A fact of the image or the workload that an incident uses. */
export interface ImageEvidence {
  /** For a person: `/tmp/kinsing is not in the image`. */
  text: string;
  /** The finding that it is by itself. */
  finding: string | null;
  technique: string | null;
  /** A vulnerability that attackers are known to use: counts only where the story is one of exploitation. */
  vulnerability: { id: string; package: string } | null;
}

/** Worst first. */
export function compareLevel(a: Level, b: Level): number {
  return levels.indexOf(a) - levels.indexOf(b);
}

export function isLevelAtLeast(level: Level, threshold: Level): boolean {
  return compareLevel(level, threshold) <= 0;
}
