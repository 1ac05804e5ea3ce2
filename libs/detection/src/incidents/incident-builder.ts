import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { Incident, IncidentChange } from '@tidewaiter/domain';

import type { DetectionAlert } from '../alerts/alert.js';
import { readSnapshot } from '../snapshot.js';
import {
  addAlert,
  type AlertGroup,
  alertsOf,
  mergeClusters,
  newCluster,
  removeAlert,
  roleOf,
  type AlertCluster,
  takeOut,
} from './alert-cluster.js';
import { buildIncident } from './build-incident.js';
import type { AlertEvidence } from './evidence.js';
import { openingAlert, shippedEvidence } from './incident-opening.js';
import { incidentId } from './incident-words.js';
import { joinTtlMs, kindOfKey } from './join-keys.js';
import { type KeyTrail, KeyTrails } from './key-trails.js';

const hour = 60 * 60_000;
const day = 24 * hour;

/** Time without alerts after which an incident is resolved; a later alert reopens it. */
const silenceMs = day;
/** Retention of clusters: as long as almost any key joins. */
const rememberedMs = 7 * day;
const maxKnownAlerts = 200_000;
const maxKnownIncidents = 100_000;
const maxWaitingAlerts = 20_000;
const maxClusters = 20_000;
const pruneEveryMs = hour;

/** Alert without a cluster of its own, and the clusters that it accompanies. */
interface AccompanyingAlert {
  alert: DetectionAlert;
  clusters: number[];
}

const snapshotFormat = 'tidewaiter-incidents/3';

/** Kinds of keys that join sensor alerts about an escape and about its node. */
const nodeKinds: ReadonlySet<string> = new Set(['node', 'on-node']);

interface PersistedBuilder {
  format: typeof snapshotFormat;
  tracked: [
    number,
    Omit<TrackedIncident, 'cluster'> & { cluster: Omit<AlertCluster, 'groups'> & { groups: [string, AlertGroup][] } },
  ][];
  mergedInto: [number, number][];
  trails: PersistedMap<KeyTrail>;
  waiting: PersistedMap<AccompanyingAlert>;
  known: PersistedMap<number>;
  revisions: PersistedMap<number>;
  grown: number[];
  nextCluster: number;
  nowMs: number | null;
  prunedMs: number | null;
}

/** Cluster and its last published incident. */
interface TrackedIncident {
  cluster: AlertCluster;
  /** Last published state; null while the cluster is no incident. */
  published: Incident | null;
  /** Incidents merged into this one whose merge is not published yet. */
  absorbed: Incident[];
}

/**
 * Builds incidents from alerts. Pure: the resulting incidents depend on the set of alerts, not on
 * their order. Core alerts are joined by shared keys; context alerts accompany the clusters with
 * which they share keys, and join nothing.
 */
export class IncidentBuilder {
  readonly #tracked = new Map<number, TrackedIncident>();
  /** Merged clusters by id, with the id of the cluster that absorbed each. */
  readonly #mergedInto = new Map<number, number>();
  readonly #trails = new KeyTrails();
  readonly #waiting = new RecentMap<AccompanyingAlert>(maxWaitingAlerts);
  /** Clusters by alert id; -1 for an alert without one. */
  readonly #known = new RecentMap<number>(maxKnownAlerts);
  /** Last revision of each incident: an id that returns continues its count. */
  readonly #revisions = new RecentMap<number>(maxKnownIncidents);
  /** Clusters that only grew by repetitions: published with the next {@link advance}. */
  readonly #grown = new Set<number>();
  #nextCluster = 1;
  #nowMs = Number.NEGATIVE_INFINITY;
  #prunedMs = Number.NEGATIVE_INFINITY;

  /** @param evidence evidence of alerts that support each other */
  constructor(private readonly evidence: AlertEvidence = shippedEvidence) {}

  /**
   * Returns the changes that this alert makes. Mere repetitions are published with the next
   * {@link advance}.
   */
  add(alert: DetectionAlert): IncidentChange[] {
    if (this.#known.get(alert.id) !== undefined) return [];
    this.#known.set(alert.id, -1);
    const touched = alert.revises === undefined ? this.#place(alert) : this.#revise(alert, alert.revises);
    return [...new Set([...touched].map((cluster) => this.#find(cluster)))].flatMap((cluster) =>
      this.#publish(cluster),
    );
  }

  /**
   * Moves the clock to `timeMs`: publishes clusters that grew, resolves silent incidents, and
   * evicts old clusters.
   */
  advance(timeMs: number): IncidentChange[] {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const changes = [...this.settle(), ...this.#closeSilent()];
    if (this.#nowMs - this.#prunedMs >= pruneEveryMs) this.#evictOld();
    return changes;
  }

  /** Publishes incidents that only grew. */
  settle(): IncidentChange[] {
    const changes = [...this.#grown].flatMap((cluster) => this.#publish(this.#find(cluster)));
    this.#grown.clear();
    return changes;
  }

  /** All incidents in memory, in their last published state. */
  incidents(): Incident[] {
    return [...this.#tracked.values()].flatMap(({ published }) => published ?? []);
  }

  /** Returns the id of the incident that contains an alert. */
  incidentOf(alertId: string): string | null {
    const cluster = this.#known.get(alertId);
    return cluster === undefined || cluster < 0
      ? null
      : (this.#tracked.get(this.#find(cluster))?.published?.id ?? null);
  }

  snapshot(): Uint8Array {
    const state: PersistedBuilder = {
      format: snapshotFormat,
      tracked: [...this.#tracked].map(([id, { cluster, ...rest }]) => [
        id,
        { ...rest, cluster: { ...cluster, groups: [...cluster.groups] } },
      ]),
      mergedInto: [...this.#mergedInto],
      trails: this.#trails.snapshot(),
      waiting: this.#waiting.snapshot(),
      known: this.#known.snapshot(),
      revisions: this.#revisions.snapshot(),
      grown: [...this.#grown],
      nextCluster: this.#nextCluster,
      nowMs: finiteOrNull(this.#nowMs),
      prunedMs: finiteOrNull(this.#prunedMs),
    };
    return Buffer.from(JSON.stringify(state));
  }

  /**
   * @throws InvalidInput `SNAPSHOT_UNREADABLE` when another version wrote it: start with empty
   * state
   */
  restore(bytes: Uint8Array): void {
    const state = readSnapshot<PersistedBuilder>(bytes, snapshotFormat);
    this.#tracked.clear();
    for (const [id, { cluster, ...rest }] of state.tracked) {
      this.#tracked.set(id, { ...rest, cluster: { ...cluster, groups: new Map(cluster.groups) } });
    }
    replaceAll(this.#mergedInto, state.mergedInto);
    this.#trails.restore(state.trails);
    this.#waiting.restore(state.waiting);
    this.#known.restore(state.known);
    this.#revisions.restore(state.revisions);
    this.#grown.clear();
    for (const cluster of state.grown) this.#grown.add(cluster);
    this.#nextCluster = state.nextCluster;
    this.#nowMs = state.nowMs ?? Number.NEGATIVE_INFINITY;
    this.#prunedMs = state.prunedMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Adds a new alert; `before` are the clusters of an earlier evaluation of the same event. */
  #place(alert: DetectionAlert, before: readonly number[] = []): Set<number> {
    return roleOf(alert) === 'core' ? this.#addCore(alert, before) : this.#addAccompanying(alert, before);
  }

  /**
   * Replaces an alert by its revision, under the original id, from which incident ids derive. Of
   * several revisions the one with the most facts wins, in any order of arrival.
   */
  #revise(revision: DetectionAlert, original: string): Set<number> {
    const alert: DetectionAlert = { ...revision, id: original };
    const touched = new Set<number>();
    const known = this.#known.get(original);
    const clusters = [known ?? -1, ...(this.#waiting.get(original)?.clusters ?? [])].filter((cluster) => cluster >= 0);
    const before = [...new Set(clusters.map((cluster) => this.#find(cluster)))].filter((cluster) =>
      this.#tracked.has(cluster),
    );
    const kept = before.map((cluster) => takeOut(this.#tracked.get(cluster)!.cluster, original));
    const [earlier = this.#waiting.get(original)?.alert] = kept.filter((each) => each !== null);
    // In an alert flood, only the first alerts are stored and reported.
    const isCounted = known !== undefined && before.length > 0 && earlier === undefined;
    if (isCounted) return touched;
    this.#known.set(original, -1);
    this.#waiting.delete(original);
    for (const cluster of this.#place(earlier === undefined ? alert : betterKnown(earlier, alert), before))
      touched.add(cluster);
    for (const cluster of before) touched.add(cluster);
    this.#known.set(revision.id, this.#known.get(original) ?? -1);
    return touched;
  }

  /**
   * Merges all clusters that share a key with the alert, and adds the alerts that waited for it.
   */
  #addCore(alert: DetectionAlert, before: readonly number[]): Set<number> {
    const joined = [...before, ...alert.keys.flatMap((key) => this.#trails.joinedBy(key, alert.timeMs))];
    const near = new Set(joined.map((cluster) => this.#find(cluster)));
    const cluster = this.#union(near);
    const waiting = alert.keys.flatMap((key) => this.#trails.extend(key, alert.timeMs, cluster));
    const touched = new Set(near.size > 1 ? [cluster] : []);
    this.#put(alert, cluster, touched);
    for (const id of new Set(waiting)) {
      const accompanying = this.#waiting.get(id);
      if (accompanying !== undefined) this.#accompany(accompanying, this.#find(cluster), touched);
    }
    return touched;
  }

  #addAccompanying(alert: DetectionAlert, before: readonly number[]): Set<number> {
    const touched = new Set<number>();
    const accompanying: AccompanyingAlert = { alert, clusters: [] };
    this.#waiting.set(alert.id, accompanying);
    const keys = alert.keys.filter((key) => kindOfKey(key) !== 'subject');
    for (const key of keys) this.#trails.wait(key, alert.timeMs, alert.id);
    const near = new Set(
      keys.flatMap((key) => this.#trails.nearBy(key, alert.timeMs)).map((cluster) => this.#find(cluster)),
    );
    for (const cluster of near) {
      if (this.#tracked.has(this.#find(cluster))) this.#accompany(accompanying, this.#find(cluster), touched);
    }
    if (roleOf(alert) === 'sensor') this.#addSensorAlert(accompanying, before, touched);
    return touched;
  }

  /**
   * Adds a sensor's evaluation that no built-in rule details: one cluster for each rule and
   * subject, and for each container.
   */
  #addSensorAlert({ alert, clusters }: AccompanyingAlert, before: readonly number[], touched: Set<number>): void {
    const keys = alert.keys.filter((key) => kindOfKey(key) === 'subject');
    if (keys.length === 0) return;
    const joined = keys.flatMap((key) => this.#trails.joinedBy(key, alert.timeMs));
    const own = [...joined, ...before].map((cluster) => this.#find(cluster));
    const near = new Set(own.filter((cluster) => this.#tracked.get(cluster)?.cluster.isSensorOnly === true));
    const cluster = this.#union(near, true);
    for (const key of keys) this.#trails.extend(key, alert.timeMs, cluster);
    if (clusters.length === 0) {
      this.#put(alert, cluster, touched);
      this.#extendNode(alert, cluster, touched);
    }
    if (near.size > 1) touched.add(cluster);
  }

  #accompany(accompanying: AccompanyingAlert, cluster: number, touched: Set<number>): void {
    const { alert } = accompanying;
    const clusters = accompanying.clusters.map((earlier) => this.#find(earlier));
    if (clusters.includes(cluster)) return;
    // A sensor's evaluation counts as evidence, so it can be in one cluster only: it links two
    // clusters that share its keys.
    if (roleOf(alert) === 'sensor' && clusters.length > 0) {
      touched.add(this.#union(new Set([...clusters, cluster])));
      return;
    }
    // An evaluation with a cluster of its own moves to the cluster with more detail.
    const alone = this.#known.get(alert.id) ?? -1;
    if (accompanying.clusters.length === 0 && alone >= 0) this.#withdraw(alert, this.#find(alone), cluster, touched);
    accompanying.clusters.push(cluster);
    this.#put(alert, cluster, touched);
    if (roleOf(alert) === 'sensor') this.#extendNode(alert, cluster, touched);
  }

  /**
   * Joins a sensor's evaluation of an escape with those of the node: without core alerts, nothing
   * else does.
   */
  #extendNode(alert: DetectionAlert, cluster: number, touched: Set<number>): void {
    for (const key of alert.keys.filter((each) => nodeKinds.has(kindOfKey(each)))) {
      for (const id of this.#trails.extend(key, alert.timeMs, cluster)) {
        const accompanying = this.#waiting.get(id);
        if (accompanying !== undefined && id !== alert.id) this.#accompany(accompanying, this.#find(cluster), touched);
      }
    }
  }

  #put(alert: DetectionAlert, cluster: number, touched: Set<number>): void {
    this.#known.set(alert.id, cluster);
    const effect = addAlert(this.#tracked.get(cluster)!.cluster, alert);
    if (effect === 'added') touched.add(cluster);
    else this.#grown.add(cluster);
  }

  /**
   * Removes a sensor's alert from its own cluster; if that is then empty, its incident continues in
   * the other.
   */
  #withdraw(alert: DetectionAlert, from: number, into: number, touched: Set<number>): void {
    const source = this.#tracked.get(from);
    if (source === undefined || from === into || !source.cluster.isSensorOnly) return;
    removeAlert(source.cluster, alert);
    // An incident moves with the alert that opened it.
    if (source.published?.id === incidentId(alert.id) || source.cluster.groups.size === 0) this.#absorb(source, into);
    if (source.cluster.groups.size > 0) touched.add(from);
  }

  #absorb(source: TrackedIncident, into: number): void {
    const target = this.#tracked.get(into)!;
    target.absorbed.push(...source.absorbed, ...(source.published === null ? [] : [source.published]));
    source.absorbed = [];
    source.published = null;
  }

  /** Merges clusters into the oldest; creates a new one if there are none. */
  #union(clusters: ReadonlySet<number>, isSensorOnly = false): number {
    const [oldest, ...others] = [...clusters].filter((cluster) => this.#tracked.has(cluster)).toSorted((a, b) => a - b);
    if (oldest === undefined) {
      const cluster = this.#nextCluster;
      this.#nextCluster += 1;
      this.#tracked.set(cluster, { cluster: newCluster(isSensorOnly), published: null, absorbed: [] });
      if (this.#tracked.size > maxClusters) this.#evictOldest();
      return cluster;
    }
    for (const other of others) {
      const source = this.#tracked.get(other)!;
      mergeClusters(this.#tracked.get(oldest)!.cluster, source.cluster);
      this.#absorb(source, oldest);
      this.#tracked.delete(other);
      this.#grown.delete(other);
      this.#mergedInto.set(other, oldest);
    }
    return oldest;
  }

  #find(cluster: number): number {
    let at = cluster;
    for (let next = this.#mergedInto.get(at); next !== undefined; next = this.#mergedInto.get(at)) at = next;
    return at;
  }

  #publish(number: number): IncidentChange[] {
    const found = this.#tracked.get(number);
    const alerts = found === undefined ? [] : alertsOf(found.cluster);
    const opening = openingAlert(alerts, this.evidence);
    if (found === undefined) return [];
    if (opening === null) return this.#explained(found);
    const content = buildIncident(found.cluster, alerts, opening);
    const before = [found.published, ...found.absorbed].filter((incident) => incident !== null);
    const earlier = before.find(({ id }) => id === content.id) ?? null;
    const isSilent = earlier !== null && found.cluster.lastMs + silenceMs <= this.#nowMs;
    const incident: Incident = {
      ...content,
      revision: earlier?.revision ?? 0,
      state: isSilent ? 'resolved' : 'open',
      mergedInto: null,
    };
    const changes: IncidentChange[] = [];
    if (earlier === null || JSON.stringify(earlier) !== JSON.stringify(incident)) {
      changes.push(this.#change(this.#revisions.get(content.id) === undefined ? 'opened' : 'updated', incident));
    }
    found.published = changes[0]?.incident ?? earlier;
    found.absorbed = [];
    for (const other of before) {
      if (other.id !== content.id)
        changes.push(this.#change('merged', { ...other, state: 'merged', mergedInto: content.id }));
    }
    return changes;
  }

  /** Resolves an incident whose opening alert became harmless with further facts. */
  #explained(found: TrackedIncident): IncidentChange[] {
    if (found.published?.state !== 'open') return [];
    const change = this.#change('resolved', { ...found.published, state: 'resolved' });
    found.published = change.incident;
    return [change];
  }

  #change(kind: IncidentChange['kind'], incident: Incident): IncidentChange {
    const revision = (this.#revisions.get(incident.id) ?? 0) + 1;
    this.#revisions.set(incident.id, revision);
    return { kind, incident: { ...incident, revision } };
  }

  #closeSilent(): IncidentChange[] {
    const changes: IncidentChange[] = [];
    for (const found of this.#tracked.values()) {
      if (found.published?.state !== 'open' || found.cluster.lastMs + silenceMs > this.#nowMs) continue;
      const change = this.#change('resolved', { ...found.published, state: 'resolved' });
      found.published = change.incident;
      changes.push(change);
    }
    return changes;
  }

  /** Evicts one cluster, preferably one that is no incident. */
  #evictOldest(): void {
    for (const [number, { published }] of this.#tracked) {
      if (published !== null) continue;
      this.#tracked.delete(number);
      return;
    }
    for (const number of this.#tracked.keys()) {
      this.#tracked.delete(number);
      return;
    }
  }

  #evictOld(): void {
    this.#prunedMs = this.#nowMs;
    this.#trails.prune(this.#nowMs);
    for (const [number, { cluster }] of this.#tracked) {
      if (cluster.lastMs + retentionMs(cluster) < this.#nowMs) this.#tracked.delete(number);
    }
    for (const [number] of this.#mergedInto)
      if (!this.#tracked.has(this.#find(number))) this.#mergedInto.delete(number);
  }
}

/**
 * Returns whichever of two evaluations of an event has more facts about the container and its
 * image.
 */
function betterKnown(a: DetectionAlert, b: DetectionAlert): DetectionAlert {
  return knowledgeOf(b) >= knowledgeOf(a) ? b : a;
}

function knowledgeOf({ context, image }: DetectionAlert): number {
  return Object.values(context).filter((value) => value !== null).length * 100 + image.length;
}

/** Retention of a cluster: as long as any alert can still join it. */
function retentionMs(cluster: AlertCluster): number {
  const kinds = new Set(alertsOf(cluster).flatMap(({ keys }) => keys.map(kindOfKey)));
  return Math.max(rememberedMs, ...[...kinds].map((kind) => joinTtlMs[kind] ?? 0));
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function replaceAll<K, V>(map: Map<K, V>, entries: readonly (readonly [K, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
