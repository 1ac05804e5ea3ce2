import type { Severity } from '@tidewaiter/domain';

import { type DetectionAlert, type AlertLevel, levels } from '../alerts/alert.js';
import { roleOf } from './alert-cluster.js';

const severityByLevel: Record<AlertLevel, Severity> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  informational: 'negligible',
};

export function severityOf(level: AlertLevel): Severity {
  return severityByLevel[level];
}

/**
 * Severity of an incident: that of the worst alert, one step higher for each further tactic that
 * built-in rules saw, since an attack that progresses is worse than its parts. The tactic of a
 * sensor's alert counts where such a rule details the alert: sensors' own tags are coarse.
 */
export function incidentSeverity(alerts: readonly DetectionAlert[]): Severity {
  const counting = alerts.filter((alert) => roleOf(alert) !== 'context');
  const worst = Math.min(...counting.map(({ severity }) => levels.indexOf(severity)), levels.length - 1);
  const further = Math.max(stages(counting).size - 1, 0);
  return severityOf(levels[Math.max(worst - further, 0)]!);
}

const baseScores: Record<Severity, number> = { critical: 80, high: 60, medium: 40, low: 20, negligible: 0, unknown: 0 };

/** Score from 0 to 100: within a severity, the number of tactics, facts and workloads. */
export function incidentScore(
  severity: Severity,
  alerts: readonly DetectionAlert[],
  facts: number,
  workloads: number,
): number {
  const counting = alerts.filter((alert) => roleOf(alert) !== 'context');
  return baseScores[severity] + Math.min(3 * stages(counting).size + 2 * facts + 2 * (workloads - 1), 20);
}

function stages(alerts: readonly DetectionAlert[]): Set<string> {
  return new Set(
    alerts.flatMap(({ stage, bySensor, finding }) => (stage === null || (bySensor && finding === null) ? [] : [stage])),
  );
}
