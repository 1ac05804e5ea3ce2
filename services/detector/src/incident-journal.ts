import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/detection';
import type { IncidentChange } from '@tidewaiter/domain';
import {
  type AlertMembership,
  type AppliedChanges,
  DetectionAlerts,
  type DetectorLease,
  DetectorLeases,
  Incidents,
  Store,
} from '@tidewaiter/store';

import { pack, unpack } from './packed.js';

/** What the builder did at one moment, and what came of it. */
export interface Turn {
  /** The time of the builder, in milliseconds since 1970; later than that of the turn before. */
  number: number;
  alerts: readonly Alert[];
  changes: readonly IncidentChange[];
  memberships: readonly AlertMembership[];
  /** The builder's memory after the turn, where it is time to keep it. */
  state: Uint8Array | null;
}

const format = 'incidents-1';
const takenAtOnce = 1_000;

/** Keeps what the builder of incidents comes to, and its memory. */
@Injectable()
export class IncidentJournal {
  constructor(
    private readonly store: Store,
    private readonly leases: DetectorLeases,
    private readonly alerts: DetectionAlerts,
    private readonly incidents: Incidents,
  ) {}

  /** The memory of the last builder as of the turn of its last snapshot. */
  async restore(name: string): Promise<{ turn: number; state: Uint8Array } | null> {
    const snapshot = await this.leases.snapshot(name);
    if (snapshot?.format !== format) return null;
    return { turn: snapshot.position, state: await unpack(snapshot.state) };
  }

  /** The turns after one, in order, with what was taken in each. */
  async *turnsAfter(turn: number): AsyncGenerator<{ turn: number; alerts: Alert[] }> {
    for (let last = turn; ;) {
      const turns = await this.alerts.takenAfter(last, takenAtOnce);
      if (turns.length === 0) return;
      yield* turns;
      last = turns.at(-1)!.turn;
    }
  }

  /** The oldest alerts that no turn has taken. */
  async waiting(limit: number): Promise<Alert[]> {
    return this.alerts.waiting(limit);
  }

  /**
   * Keeps a turn: its alerts as taken, what became of incidents, what people are told of them, all at once.
   * @throws Unavailable `LEASE_LOST` when another replica builds by now
   */
  async keep(lease: DetectorLease, turn: Turn): Promise<AppliedChanges> {
    const state = turn.state && (await pack(turn.state));
    return this.store.transaction(async (tx) => {
      await this.leases.hold(tx, lease);
      if (state) await this.leases.keep(tx, lease, { format, life: null, position: turn.number, state });
      await this.alerts.taken(
        tx,
        turn.number,
        turn.alerts.map(({ id }) => id),
      );
      const applied = await this.incidents.apply(tx, turn.changes);
      await this.alerts.joined(tx, turn.memberships);
      return applied;
    });
  }
}
