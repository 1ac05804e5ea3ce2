import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import { DetectionAlerts, LearnedHabits, WorkloadLedger } from '@tidewaiter/store';

const everyMs = 3_600_000;
const dayMs = 24 * 3_600_000;
/** A container that nobody has seen for so long says nothing of what runs; a habit of a quarter ago is none. */
const keptDays = { containers: 30, habits: 90 };

/** Drops what is too old to matter. Several replicas may do so at once: each deletes what is left. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  #repetition: Repetition | undefined;

  constructor(
    private readonly alerts: DetectionAlerts,
    private readonly ledger: WorkloadLedger,
    private readonly habits: LearnedHabits,
    private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#repetition = repeat(async () => this.#forgetOld(), everyMs, this.log);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#repetition?.stop();
  }

  async #forgetOld(): Promise<void> {
    const before = (days: number) => new Date(Date.now() - days * dayMs);
    await this.ledger.forget(before(keptDays.containers));
    await this.habits.forget(before(keptDays.habits));
    while ((await this.alerts.forgetOld()) > 0);
  }
}
