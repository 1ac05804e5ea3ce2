import { Injectable } from '@nestjs/common';
import { Bus, type StreamPlace } from '@tidewaiter/bus';
import type { Alert } from '@tidewaiter/detection';
import { runtimeStream } from '@tidewaiter/events';
import { DetectionAlerts, type DetectorLease, DetectorLeases, Store } from '@tidewaiter/store';

import { pack, unpack } from './packed.js';

/** What a detector remembers, as of a place in its partition of the stream. */
export interface DetectorState {
  place: StreamPlace;
  state: Uint8Array;
}

/** Names what wrote a snapshot; another version starts without the memory of this one. */
const format = 'detector-1';

/** Keeps what the reader of a partition comes to: alerts, and now and then its memory. */
@Injectable()
export class PartitionJournal {
  constructor(
    private readonly store: Store,
    private readonly leases: DetectorLeases,
    private readonly alerts: DetectionAlerts,
    private readonly bus: Bus,
  ) {}

  /** The memory of the last holder of a partition, as of its last snapshot. */
  async restore(name: string): Promise<DetectorState | null> {
    const snapshot = await this.leases.snapshot(name);
    if (snapshot?.format !== format || snapshot.life === null) return null;
    const { life, position: sequence, state } = snapshot;
    return { place: { life, sequence }, state: await unpack(state) };
  }

  /**
   * Keeps alerts, and a snapshot that holds all that led to them, at once. After a crash the alerts that follow the snapshot
   * are found again, and keeping them again changes nothing.
   * @throws Unavailable `LEASE_LOST` when another replica reads the partition by now
   */
  async keep(lease: DetectorLease, alerts: readonly Alert[], snapshot: DetectorState | null): Promise<number> {
    const state = snapshot && (await pack(snapshot.state));
    const added = await this.store.transaction(async (tx) => {
      await this.leases.hold(tx, lease);
      if (snapshot && state) {
        const { life, sequence } = snapshot.place;
        await this.leases.keep(tx, lease, { format, life, position: sequence, state });
      }
      return alerts.length === 0 ? 0 : this.alerts.add(tx, alerts);
    });
    if (added > 0) this.bus.call('alerts');
    return added;
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
