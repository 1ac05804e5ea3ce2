import type { Alert } from './alert.js';
import { roleOf } from './story.js';

/**
 * The alert with which a story becomes an incident, given its alerts in order of time; null while it is none. One alert that counts alone
 * suffices. Else two are needed that do not say the same: different rules, and either different stages of an attack, or what is known of the image
 * beside what happened.
 */
export function openingAlert(alerts: readonly Alert[]): Alert | null {
  const support: Alert[] = [];
  for (const alert of alerts) {
    if (roleOf(alert) === 'context') continue;
    if (alert.weight === 'alone' || support.some((earlier) => areIndependent(earlier, alert))) return alert;
    support.push(alert);
  }
  return null;
}

function areIndependent(a: Alert, b: Alert): boolean {
  return a.rule.id !== b.rule.id && (a.stage !== b.stage || a.isFact !== b.isFact);
}
