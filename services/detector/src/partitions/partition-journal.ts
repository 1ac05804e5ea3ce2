import { Injectable } from '@nestjs/common';
import { Bus, type StreamPlace } from '@tidewaiter/bus';
import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import { runtimeStream } from '@tidewaiter/events';
import { failpoint } from '@tidewaiter/runtime';
import {
  DetectionAlerts,
  DetectionMatches,
  type DetectorLease,
  DetectorLeases,
  type EvaluatedObject,
  Store,
  type Transaction,
  WorkloadFindings,
} from '@tidewaiter/store';

import { DetectorMetrics } from '../detector-metrics.js';
import { compressSnapshot, decompressSnapshot } from './snapshot-codec.js';

/** Snapshot of a detector at a position in its partition of the stream. */
export interface DetectorState {
  place: StreamPlace;
  state: Uint8Array;
}

/** Results of a detector. */
export interface DetectorResults {
  alerts: readonly DetectionAlert[];
  /** Matches for correlations over all partitions. */
  matches: readonly WideMatch[];
  /** Objects of Kubernetes with their misconfigurations. */
  objects: readonly EvaluatedObject[];
}

/** Objects of one transaction: some 3 MB, or 20 MB with an attacker's objects. */
const objectsAtOnce = 500;

/** Snapshot format; a detector of another format starts empty. */
const format = 'detector-1';

/** Stores the results of a partition's reader: alerts, and periodically its snapshot. */
@Injectable()
export class PartitionJournal {
  constructor(
    private readonly store: Store,
    private readonly leases: DetectorLeases,
    private readonly alerts: DetectionAlerts,
    private readonly matches: DetectionMatches,
    private readonly findings: WorkloadFindings,
    private readonly bus: Bus,
    private readonly metrics: DetectorMetrics,
  ) {}

  /** Returns the snapshot of the last holder of a partition. */
  async restore(name: string): Promise<DetectorState | null> {
    const snapshot = await this.leases.snapshot(name);
    if (snapshot?.format !== format || snapshot.life === null) return null;
    const { life, position: sequence, state } = snapshot;
    return { place: { life, sequence }, state: await decompressSnapshot(state) };
  }

  /**
   * Stores results; idempotent.
   * @throws Unavailable `LEASE_LOST` when another replica reads the partition by now,
   * `MEMORY_OUTDATED` when the database was restored and lacks earlier results
   */
  async keep(lease: DetectorLease, { alerts, matches, objects }: DetectorResults): Promise<void> {
    if (alerts.length + matches.length > 0) {
      await this.#commit(lease, async (tx) => {
        if (alerts.length > 0) await this.alerts.add(tx, alerts);
        if (matches.length > 0 && !(await this.matches.add(tx, matches))) this.metrics.dropped(matches);
      });
      failpoint('partition.alerts-stored');
      this.bus.call('alerts');
    }
    // In a transaction of their own, because alerts must not wait until another partition has
    // derived the findings of its workloads; in batches, because of the same lock.
    for (let start = 0; start < objects.length; start += objectsAtOnce) {
      await this.#commit(lease, async (tx) => this.findings.put(tx, objects.slice(start, start + objectsAtOnce)));
      failpoint('partition.objects-stored');
    }
  }

  /**
   * Stores a snapshot, after all earlier results: after a crash, later results are computed again.
   * @throws Unavailable as {@link keep}
   */
  async remember(lease: DetectorLease, { place: { life, sequence }, state }: DetectorState): Promise<void> {
    const packed = await compressSnapshot(state);
    await this.#commit(lease, async (tx) =>
      this.leases.keep(tx, lease, { format, life, position: sequence, state: packed }),
    );
    failpoint('partition.snapshot-stored');
  }

  /**
   * Drops messages that a snapshot covers; while the stream has room, only those of an older one.
   */
  async forget(subject: string, place: StreamPlace, older: StreamPlace | null): Promise<void> {
    await this.bus.forget(runtimeStream, subject, place, older);
  }

  /**
   * Records the message of a partition that is evaluated next, where readers have crashed.
   * @param attempts readers in a row that evaluated it, this one included
   */
  async attempt(lease: DetectorLease, place: StreamPlace | null, attempts: number): Promise<void> {
    await this.leases.attempt(lease, place?.sequence ?? null, attempts);
    failpoint('partition.attempt-noted');
  }
  async #commit(lease: DetectorLease, work: (tx: Transaction) => Promise<void>): Promise<void> {
    const commits = await this.store.transaction(async (tx) => {
      const next = await this.leases.hold(tx, lease);
      await work(tx);
      return next;
    });
    // A snapshot and results may be stored at the same time.
    lease.commits = Math.max(lease.commits, commits);
  }
}
