import { compareTimed } from '@tidewaiter/collections';

import { type DetectionAlert, isLevelAtLeast } from '../alerts/alert.js';

/**
 * Role of an alert in a cluster. A `core` alert starts a cluster. A `sensor` alert is a sensor's
 * own evaluation, which opens an incident by itself where no built-in rule details it. A `context`
 * alert only adds to incidents that others opened.
 */
export type Role = 'core' | 'sensor' | 'context';

export function roleOf({ bySensor, weight, severity, lowered }: DetectionAlert): Role {
  if (weight === 'context' || lowered !== null || !isLevelAtLeast(severity, 'medium')) return 'context';
  return bySensor ? 'sensor' : 'core';
}

/** Repeated alerts of one rule and place: the first ones are stored, the rest is counted. */
export interface AlertGroup {
  /**
   * Sorted by time, at most {@link maxKeptAlerts}; the selection does not depend on the order of
   * arrival.
   */
  alerts: DetectionAlert[];
  count: number;
  lastMs: number;
  lastAt: string;
}

const maxKeptAlerts = 100;
const maxAlertsWithEvidence = 4;
/** Limit on kinds of alerts in a cluster: the worst ones stay. */
const maxGroups = 64;

/** Alerts that belong together, whether they open an incident or not. */
export interface AlertCluster {
  groups: Map<string, AlertGroup>;
  firstMs: number;
  lastMs: number;
  /** Whether it consists only of sensors' own evaluations. */
  isSensorOnly: boolean;
}

export function newCluster(isSensorOnly: boolean): AlertCluster {
  return { groups: new Map(), firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY, isSensorOnly };
}

/**
 * Adds an alert that is not there yet. Returns whether it changes the cluster or only repeats it.
 */
export function addAlert(cluster: AlertCluster, alert: DetectionAlert): 'added' | 'repeated' {
  const key = groupKey(alert);
  const group = cluster.groups.get(key);
  const isRepeated = group !== undefined && compareTimed(group.alerts[0]!, alert) < 0;
  if (group === undefined) {
    cluster.groups.set(key, { alerts: [alert], count: 1, lastMs: alert.timeMs, lastAt: alert.at });
    dropMildest(cluster);
  } else {
    insert(group.alerts, alert);
    group.count += 1;
    if (alert.timeMs >= group.lastMs) Object.assign(group, { lastMs: alert.timeMs, lastAt: alert.at });
  }
  // Context alerts do not keep an incident open.
  if (roleOf(alert) !== 'context') cluster.lastMs = Math.max(cluster.lastMs, alert.timeMs);
  cluster.firstMs = Math.min(cluster.firstMs, alert.timeMs);
  return isRepeated ? 'repeated' : 'added';
}

/** Removes an alert that belongs to another cluster. */
export function removeAlert(cluster: AlertCluster, alert: DetectionAlert): void {
  const key = groupKey(alert);
  const group = cluster.groups.get(key);
  if (group === undefined) return;
  group.count -= 1;
  const at = group.alerts.findIndex(({ id }) => id === alert.id);
  if (at >= 0) group.alerts.splice(at, 1);
  const last = group.alerts.at(-1);
  if (last === undefined) cluster.groups.delete(key);
  else if (alert.timeMs >= group.lastMs) Object.assign(group, { lastMs: last.timeMs, lastAt: last.at });
  cluster.firstMs = Math.min(...[...cluster.groups.values()].map(({ alerts }) => alerts[0]!.timeMs));
  cluster.lastMs = Math.max(...[...cluster.groups.values()].map(({ lastMs }) => lastMs));
}

/**
 * Removes an alert by its id and returns it; null where it was only counted, as in long
 * repetitions.
 */
export function takeOut(cluster: AlertCluster, alertId: string): DetectionAlert | null {
  for (const { alerts } of cluster.groups.values()) {
    const alert = alerts.find(({ id }) => id === alertId);
    if (alert === undefined) continue;
    removeAlert(cluster, alert);
    return alert;
  }
  return null;
}

/** Merges one cluster into another. */
export function mergeClusters(into: AlertCluster, from: AlertCluster): void {
  for (const [key, group] of from.groups) {
    const same = into.groups.get(key);
    if (same === undefined) {
      into.groups.set(key, group);
      continue;
    }
    const known = new Set(same.alerts.map(({ id }) => id));
    const added = group.alerts.filter(({ id }) => !known.has(id));
    for (const alert of added) insert(same.alerts, alert);
    same.count += group.count - (group.alerts.length - added.length);
    if (group.lastMs > same.lastMs) Object.assign(same, { lastMs: group.lastMs, lastAt: group.lastAt });
  }
  dropMildest(into);
  into.isSensorOnly &&= from.isSensorOnly;
  into.firstMs = Math.min(into.firstMs, from.firstMs);
  into.lastMs = Math.max(into.lastMs, from.lastMs);
}

/** Returns all stored alerts of a cluster, in order of time. */
export function alertsOf(cluster: AlertCluster): DetectionAlert[] {
  return [...cluster.groups.values()].flatMap(({ alerts }) => alerts).toSorted(compareTimed);
}

function insert(alerts: DetectionAlert[], alert: DetectionAlert): void {
  const at = alerts.findIndex((other) => compareTimed(other, alert) > 0);
  alerts.splice(at < 0 ? alerts.length : at, 0, alert);
  const beyond = alerts[maxAlertsWithEvidence];
  if (beyond !== undefined && beyond.evidence.length > 0) alerts[maxAlertsWithEvidence] = { ...beyond, evidence: [] };
  if (at < 0 && alerts.length > maxAlertsWithEvidence) alerts[alerts.length - 1] = { ...alert, evidence: [] };
  if (alerts.length > maxKeptAlerts) alerts.pop();
}

function groupKey({ rule, context, keys }: DetectionAlert): string {
  const { cluster, workload, pod, container, node } = context;
  const where = workload ?? pod ?? container ?? node ?? keys[0] ?? null;
  return JSON.stringify([rule.id, cluster, where]);
}

function dropMildest(cluster: AlertCluster): void {
  if (cluster.groups.size <= maxGroups) return;
  const ranked = [...cluster.groups].toSorted(
    ([, a], [, b]) => rank(a.alerts[0]!) - rank(b.alerts[0]!) || compareTimed(a.alerts[0]!, b.alerts[0]!),
  );
  cluster.groups = new Map(ranked.slice(0, maxGroups));
}

const levelRank = { critical: 0, high: 1, medium: 2, low: 3, informational: 4 };
const roleRank: Record<Role, number> = { core: 0, sensor: 5, context: 10 };

function rank(alert: DetectionAlert): number {
  return roleRank[roleOf(alert)] + levelRank[alert.severity];
}
