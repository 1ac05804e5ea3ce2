import { type DetectionAlert, isLevelAtLeast } from '../alerts/alert.js';
import { roleOf } from './alert-cluster.js';
import { calibration } from './calibration.js';
import { type AlertEvidence, evidenceBy, openingBits } from './evidence.js';

export const shippedEvidence = evidenceBy(calibration);

/**
 * Returns the alert with which a cluster becomes an incident, given its alerts in order of time;
 * null while it is none. One alert of weight `alone` suffices. Otherwise two independent ones are
 * needed: of different rules, and either of different tactics, or one about facts of the image and
 * one about behavior, or both severe, with different findings and about different events. Together
 * they must be evidence enough.
 */
export function openingAlert(
  alerts: readonly DetectionAlert[],
  evidence: AlertEvidence = shippedEvidence,
): DetectionAlert | null {
  const support: DetectionAlert[] = [];
  for (const alert of alerts) {
    if (roleOf(alert) === 'context') continue;
    if (alert.weight === 'alone' || support.some(isEnoughWith(alert, evidence))) return alert;
    support.push(alert);
  }
  return null;
}

function isEnoughWith(alert: DetectionAlert, evidence: AlertEvidence): (earlier: DetectionAlert) => boolean {
  const bits = evidence(alert);
  return (earlier) => areIndependent(earlier, alert) && bits + evidence(earlier) >= openingBits;
}

function areIndependent(a: DetectionAlert, b: DetectionAlert): boolean {
  if (a.rule.id === b.rule.id) return false;
  return a.stage !== b.stage || a.isFact !== b.isFact || (areSevere(a, b) && a.finding !== b.finding);
}

/** Whether both are severe, and about different events: two rules may see one act. */
function areSevere(a: DetectionAlert, b: DetectionAlert): boolean {
  if (![a, b].every(({ severity }) => isLevelAtLeast(severity, 'high'))) return false;
  return a.events.some((event) => !b.events.includes(event)) || b.events.some((event) => !a.events.includes(event));
}
