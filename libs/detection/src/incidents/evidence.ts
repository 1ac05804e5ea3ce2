import type { AlertLevel, DetectionAlert } from '../alerts/alert.js';

/**
 * Evidence of an alert in bits: the base-2 logarithm of how much likelier it is in an attack than
 * in an hour of ordinary life.
 */
export type AlertEvidence = (alert: Pick<DetectionAlert, 'rule' | 'severity' | 'isFact'>) => number;

/** Experience with rules: how often they fire in attacks and in ordinary life. */
export interface Calibration {
  /** Number of recorded attacks. */
  attacks: number;
  /** Hours of recorded ordinary life. */
  ordinaryHours: number;
  /** Number of attacks and of ordinary hours in which a rule fired, by its id. */
  rules: Readonly<Record<string, readonly [attacks: number, ordinaryHours: number]>>;
}

/**
 * Bits needed to open an incident with two independent alerts that support each other: two of level
 * medium suffice if their rules stay quiet in ordinary life.
 */
export const openingBits = 4;

/** Bits by level, for a rule without experience: what its author says about it. */
const priorBits: Readonly<Record<AlertLevel, number>> = { critical: 6, high: 4, medium: 2, low: 0, informational: 0 };
/** A fact about the image excludes many ordinary explanations. */
const factBits = 1;
/** Bounds of what experience adds or takes: the recordings are few. */
const maxLearnedBits = 6;

/**
 * Evidence by the level of a rule, corrected by how often it fires in recorded attacks and in
 * ordinary life.
 */
export function evidenceBy({ attacks, ordinaryHours, rules }: Calibration): AlertEvidence {
  return ({ rule, severity, isFact }) => {
    const [inAttacks = 0, inHours = 0] = (Object.hasOwn(rules, rule.id) ? rules[rule.id] : undefined) ?? [];
    // One more on both sides: a rule that never fired anywhere stays at its level.
    const learned = Math.log2((inAttacks + 1) / (attacks + 1)) - Math.log2((inHours + 1) / (ordinaryHours + 1));
    const unknown = Math.log2(1 / (attacks + 1)) - Math.log2(1 / (ordinaryHours + 1));
    const change = Math.max(-maxLearnedBits, Math.min(maxLearnedBits, learned - unknown));
    return priorBits[severity] + (isFact ? factBits : 0) + change;
  };
}
