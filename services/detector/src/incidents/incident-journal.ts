import { Injectable } from '@nestjs/common';
import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import type { IncidentChange } from '@tidewaiter/domain';
import { failpoint } from '@tidewaiter/runtime';
import {
  type AlertMembership,
  type AppliedChanges,
  DetectionAlerts,
  DetectionMatches,
  type DetectorLease,
  DetectorLeases,
  Incidents,
  Store,
} from '@tidewaiter/store';

import { compressSnapshot, decompressSnapshot } from '../partitions/snapshot-codec.js';

/** Input of a batch. */
export interface BatchInput {
  alerts: readonly DetectionAlert[];
  /** Matches for correlations over all partitions. */
  matches: readonly WideMatch[];
}

/** Input and results of one batch of the builder. */
export interface IncidentBatch {
  /** Clock of the builder, in milliseconds since 1970; later than that of the batch before. */
  number: number;
  intake: BatchInput;
  /** Alerts of correlations over all partitions; a later batch takes them like any other alert. */
  fired: readonly DetectionAlert[];
  changes: readonly IncidentChange[];
  memberships: readonly AlertMembership[];
  /** Snapshot of the builder after the batch, if one is due. */
  state: Uint8Array | null;
}

const format = 'incidents-2';
const readAtOnce = 1_000;

/** Stores the batches of the incident builder, and its snapshots. */
@Injectable()
export class IncidentJournal {
  constructor(
    private readonly store: Store,
    private readonly leases: DetectorLeases,
    private readonly alerts: DetectionAlerts,
    private readonly matches: DetectionMatches,
    private readonly incidents: Incidents,
  ) {}

  /** Number of commits of builders; what is read later agrees with it. */
  async commits(name: string): Promise<number> {
    return this.leases.commits(name);
  }

  /** Returns the snapshot of the last builder, with its batch. */
  async restore(name: string): Promise<{ batch: number; state: Uint8Array } | null> {
    const snapshot = await this.leases.snapshot(name);
    if (snapshot?.format !== format) return null;
    return { batch: snapshot.position, state: await decompressSnapshot(snapshot.state) };
  }

  /** Yields the later batches in order, with the input of each. */
  async *batchesAfter(batch: number): AsyncGenerator<BatchInput & { batch: number }> {
    for (let last = batch; ;) {
      const alerts = await this.alerts.takenAfter(last, readAtOnce);
      const matches = await this.matches.takenAfter(last, readAtOnce);
      const batches = mergeBatches(alerts, matches);
      if (batches.length === 0) return;
      yield* batches;
      last = batches.at(-1)!.batch;
    }
  }

  /** Returns the oldest inputs that no batch has taken. */
  async waiting(maxAlerts: number, maxMatches: number): Promise<BatchInput> {
    return { alerts: await this.alerts.waiting(maxAlerts), matches: await this.matches.waiting(maxMatches) };
  }

  /**
   * Commits a batch in one transaction: its input as taken, the changes of incidents, and the
   * events about them.
   * @param commits number of commits that the batch builds on
   * @throws Unavailable `LEASE_LOST` when another replica builds by now, `MEMORY_OUTDATED` when the
   * database has another number of commits
   */
  async keep(
    lease: DetectorLease,
    batch: IncidentBatch,
    commits: number,
  ): Promise<{ applied: AppliedChanges; commits: number }> {
    const state = batch.state && (await compressSnapshot(batch.state));
    const { alerts, matches } = batch.intake;
    const kept = await this.store.transaction(async (tx) => {
      const next = await this.leases.holdInStep(tx, lease, commits);
      await this.alerts.taken(tx, batch.number, idsOf(alerts));
      await this.matches.taken(tx, batch.number, idsOf(matches));
      if (batch.fired.length > 0) await this.alerts.add(tx, batch.fired);
      if (state) {
        await this.leases.keep(tx, lease, { format, life: null, position: batch.number, state });
        await this.matches.forget(tx, batch.number);
      }
      const applied = await this.incidents.apply(tx, batch.changes);
      await this.alerts.joined(tx, batch.memberships);
      return { applied, commits: next };
    });
    failpoint('incidents.batch-applied');
    return kept;
  }
}

/**
 * Merges the alerts and matches of batches, up to the last batch that both lists contain in full.
 */
function mergeBatches(
  alerts: readonly { turn: number; alerts: DetectionAlert[] }[],
  matches: readonly { turn: number; matches: WideMatch[] }[],
): (BatchInput & { batch: number })[] {
  const last = Math.min(alerts.at(-1)?.turn ?? Infinity, matches.at(-1)?.turn ?? Infinity);
  const byBatch = new Map<number, BatchInput & { batch: number }>();
  for (const { turn: batch, ...input } of [...alerts, ...matches]) {
    if (batch <= last) byBatch.set(batch, { batch, alerts: [], matches: [], ...byBatch.get(batch), ...input });
  }
  return [...byBatch.values()].toSorted((a, b) => a.batch - b.batch);
}

function idsOf(items: readonly { id: string }[]): string[] {
  return items.map(({ id }) => id);
}
