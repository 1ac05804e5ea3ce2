import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { DetectionAlerts, LearnedHabits, WorkloadLedger } from '@tidewaiter/store';

const everyMs = 3_600_000;
const dayMs = 24 * 3_600_000;
/**
 * Retention in days. A container that was not seen for so long no longer counts as running; a habit
 * of a quarter ago is outdated.
 */
const retentionDays = { containers: 30, habits: 90 };

/** Deletes expired data. Several replicas may do so at once: each deletes the remaining rows. */
@Injectable()
export class Housekeeping {
  constructor(
    private readonly alerts: DetectionAlerts,
    private readonly ledger: WorkloadLedger,
    private readonly habits: LearnedHabits,
  ) {}

  @Every(everyMs)
  async deleteExpired(): Promise<void> {
    const before = (days: number) => new Date(Date.now() - days * dayMs);
    await this.ledger.forget(before(retentionDays.containers));
    await this.habits.forget(before(retentionDays.habits));
    while ((await this.alerts.forgetOld()) > 0);
  }
}
