import { Injectable } from '@nestjs/common';
import { Bus, type StreamPlace } from '@tidewaiter/bus';
import type { Alert, WideMatch } from '@tidewaiter/detection';
import { runtimeStream } from '@tidewaiter/events';
import {
  DetectionAlerts,
  DetectionMatches,
  type DetectorLease,
  DetectorLeases,
  type JudgedObject,
  Store,
  WorkloadFindings,
} from '@tidewaiter/store';

import { DetectorMetrics } from './detector-metrics.js';
import { pack, unpack } from './packed.js';

/** What a detector remembers, as of a place in its partition of the stream. */
export interface DetectorState {
  place: StreamPlace;
  state: Uint8Array;
}

/** What a detector has found. */
export interface Found {
  alerts: readonly Alert[];
  /** For those who correlate over all partitions. */
  matches: readonly WideMatch[];
  /** Objects of Kubernetes with their misconfigurations. */
  objects: readonly JudgedObject[];
}

/** Objects of one transaction: some 3 MB, and 20 MB where an attacker made them. */
const objectsAtOnce = 500;

/** Names what wrote a snapshot; another version starts without the memory of this one. */
const format = 'detector-1';

/** Keeps what the reader of a partition comes to: alerts, and now and then its memory. */
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

  /** The memory of the last holder of a partition, as of its last snapshot. */
  async restore(name: string): Promise<DetectorState | null> {
    const snapshot = await this.leases.snapshot(name);
    if (snapshot?.format !== format || snapshot.life === null) return null;
    const { life, position: sequence, state } = snapshot;
    return { place: { life, sequence }, state: await unpack(state) };
  }

  /**
   * Keeps what was found; keeping it again changes nothing.
   * @throws Unavailable `LEASE_LOST` when another replica reads the partition by now
   */
  async keep(lease: DetectorLease, { alerts, matches, objects }: Found): Promise<void> {
    if (alerts.length + matches.length > 0) {
      await this.store.transaction(async (tx) => {
        await this.leases.hold(tx, lease);
        if (alerts.length > 0) await this.alerts.add(tx, alerts);
        if (matches.length > 0 && !(await this.matches.add(tx, matches))) this.metrics.unkept(matches);
      });
      this.bus.call('alerts');
    }
    // Not with the alerts, which must not wait until another partition has derived the findings of its workloads; and some at a time, for the same lock.
    for (let start = 0; start < objects.length; start += objectsAtOnce) {
      await this.store.transaction(async (tx) => {
        await this.leases.hold(tx, lease);
        await this.findings.put(tx, objects.slice(start, start + objectsAtOnce));
      });
    }
  }

  /**
   * Keeps a snapshot, after all that was found before it: after a crash what follows it is found again.
   * @throws Unavailable `LEASE_LOST` when another replica reads the partition by now
   */
  async remember(lease: DetectorLease, { place: { life, sequence }, state }: DetectorState): Promise<void> {
    const packed = await pack(state);
    await this.store.transaction(async (tx) => {
      await this.leases.hold(tx, lease);
      await this.leases.keep(tx, lease, { format, life, position: sequence, state: packed });
    });
  }

  /** Drops from the stream what a snapshot holds. */
  async forget(subject: string, place: StreamPlace): Promise<void> {
    await this.bus.forget(runtimeStream, subject, place);
  }

  /** Notes the message that comes next, where messages have ended their readers. */
  async attempt(lease: DetectorLease, { sequence }: StreamPlace): Promise<void> {
    await this.leases.attempt(lease, sequence);
  }
}
