import type { DetectionAlert } from '../alerts/alert.js';
import { roleOf } from './alert-cluster.js';

/**
 * Returns the alert with which a cluster becomes an incident, given its alerts in order of time;
 * null while it is none. One alert of weight `alone` suffices. Otherwise two independent ones are
 * needed: of different rules, and either of different tactics, or one about facts of the image and
 * one about behavior.
 */
export function openingAlert(alerts: readonly DetectionAlert[]): DetectionAlert | null {
  const support: DetectionAlert[] = [];
  for (const alert of alerts) {
    if (roleOf(alert) === 'context') continue;
    if (alert.weight === 'alone' || support.some((earlier) => areIndependent(earlier, alert))) return alert;
    support.push(alert);
  }
  return null;
}

function areIndependent(a: DetectionAlert, b: DetectionAlert): boolean {
  return a.rule.id !== b.rule.id && (a.stage !== b.stage || a.isFact !== b.isFact);
}
