import type { Digest } from '@tidewaiter/domain';

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
  rule: AlertRule;
  severity: Level;
  weight: Weight;
  /** ISO 8601 with the fraction digits of the sensor. */
  at: string;
  timeMs: number;
  /** Ids of the records, in order; a correlation has several. */
  events: string[];
  /** ATT&CK: `T1059.004` */
  techniques: string[];
  /** ATT&CK tactic, as in tags: `command-and-control`. */
  stage: string | null;
  title: string;
  /** What happened, in words of the event. Attacker-controlled text. */
  explanation: string;
  /** What our own rules call it: `drift`, `miner`. */
  finding: string | null;
  /** Whether it rests on what is known of the image, not on behaviour alone. */
  isFact: boolean;
  /** Whether a sensor judged it, not a rule. */
  bySensor: boolean;
  /** What it is joined to other alerts by: see {@link joinKeys}. */
  keys: string[];
  context: AlertContext;
  /** What was known of the image, as far as it matters. */
  image: ImageEvidence[];
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
  workloadKind: string | null;
  workload: string | null;
  image: string | null;
  imageDigest: Digest | null;
}

/** A fact of the image that an incident uses. */
export interface ImageEvidence {
  finding: string;
  /** For a person: `/tmp/kinsing is not in the image`. */
  text: string;
}

export function worseLevel(a: Level, b: Level): Level {
  return levels.indexOf(a) <= levels.indexOf(b) ? a : b;
}

export function isLevelAtLeast(level: Level, threshold: Level): boolean {
  return levels.indexOf(level) <= levels.indexOf(threshold);
}
