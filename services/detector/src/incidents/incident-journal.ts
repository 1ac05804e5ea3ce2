import { Injectable } from '@nestjs/common';
import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import type { IncidentChange } from '@tidewaiter/domain';
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

/** Input of a turn. */
export interface BatchInput {
  alerts: readonly DetectionAlert[];
  /** Matches for correlations over all partitions. */
  matches: readonly WideMatch[];
}

/** Input and results of the builder at one moment. */
export interface IncidentBatch {
  /** The time of the builder, in milliseconds since 1970; later than that of the turn before. */
  number: number;
  intake: BatchInput;
  /** Alerts of correlations over all partitions; a later turn takes them like any other alert. */
  fired: readonly DetectionAlert[];
  changes: readonly IncidentChange[];
  memberships: readonly AlertMembership[];
  /** Snapshot of the builder after the turn, where one is due. */
  state: Uint8Array | null;
}

const format = 'incidents-2';
const takenAtOnce = 1_000;

/** Stores the turns of the builder of incidents, and its snapshots. */
@Injectable()
export class IncidentJournal {
  constructor(
    private readonly store: Store,
    private readonly leases: DetectorLeases,
    private readonly alerts: DetectionAlerts,
    private readonly matches: DetectionMatches,
    private readonly incidents: Incidents,
  ) {}

  /** Snapshot of the last builder, with its turn. */
  async restore(name: string): Promise<{ turn: number; state: Uint8Array } | null> {
    const snapshot = await this.leases.snapshot(name);
    if (snapshot?.format !== format) return null;
    return { turn: snapshot.position, state: await decompressSnapshot(snapshot.state) };
  }

  /** Turns after one, in order, with the input of each. */
  async *turnsAfter(turn: number): AsyncGenerator<BatchInput & { turn: number }> {
    for (let last = turn; ;) {
      const alerts = await this.alerts.takenAfter(last, takenAtOnce);
      const matches = await this.matches.takenAfter(last, takenAtOnce);
      const turns = turnsOf(alerts, matches);
      if (turns.length === 0) return;
      yield* turns;
      last = turns.at(-1)!.turn;
    }
  }

  /** Oldest inputs that no turn has taken. */
  async waiting(maxAlerts: number, maxMatches: number): Promise<BatchInput> {
    return { alerts: await this.alerts.waiting(maxAlerts), matches: await this.matches.waiting(maxMatches) };
  }

  /**
   * Commits a turn at once: its input as taken, the changes of incidents, and the events about
   * them.
   * @throws Unavailable `LEASE_LOST` when another replica builds by now
   */
  async keep(lease: DetectorLease, turn: IncidentBatch): Promise<AppliedChanges> {
    const state = turn.state && (await compressSnapshot(turn.state));
    const { alerts, matches } = turn.intake;
    return this.store.transaction(async (tx) => {
      await this.leases.hold(tx, lease);
      await this.alerts.taken(tx, turn.number, idsOf(alerts));
      await this.matches.taken(tx, turn.number, idsOf(matches));
      if (turn.fired.length > 0) await this.alerts.add(tx, turn.fired);
      if (state) {
        await this.leases.keep(tx, lease, { format, life: null, position: turn.number, state });
        await this.matches.forget(tx, turn.number);
      }
      const applied = await this.incidents.apply(tx, turn.changes);
      await this.alerts.joined(tx, turn.memberships);
      return applied;
    });
  }
}

/** Merges two lists of turns, as far as both are complete: each may have been cut. */
function turnsOf(
  alerts: readonly { turn: number; alerts: DetectionAlert[] }[],
  matches: readonly { turn: number; matches: WideMatch[] }[],
): (BatchInput & { turn: number })[] {
  const last = Math.min(alerts.at(-1)?.turn ?? Infinity, matches.at(-1)?.turn ?? Infinity);
  const byTurn = new Map<number, BatchInput & { turn: number }>();
  for (const each of [...alerts, ...matches]) {
    if (each.turn <= last) byTurn.set(each.turn, { alerts: [], matches: [], ...byTurn.get(each.turn), ...each });
  }
  return [...byTurn.values()].toSorted((a, b) => a.turn - b.turn);
}

function idsOf(items: readonly { id: string }[]): string[] {
  return items.map(({ id }) => id);
}
