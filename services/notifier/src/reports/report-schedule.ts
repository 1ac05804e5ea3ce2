import { Injectable } from '@nestjs/common';
import { lastPeriod, parseCron } from '@tidewaiter/routing';
import { Every, failpoint, TidewaiterSettings } from '@tidewaiter/runtime';
import { ReportRuns } from '@tidewaiter/store';

import { ReportMaker } from './report-maker.js';

const lookMs = 5_000;

/**
 * Orders the reports whose period has begun, and makes what is ordered. Every replica looks: an
 * order is one row for each period, which one of them locks while it works.
 */
@Injectable()
export class ReportSchedule {
  constructor(
    private readonly settings: TidewaiterSettings,
    private readonly runs: ReportRuns,
    private readonly maker: ReportMaker,
  ) {}

  @Every(lookMs)
  async makeDue(signal?: AbortSignal, now = Date.now()): Promise<void> {
    for (const { name: report, schedule, location } of this.settings.reports) {
      const period = lastPeriod(parseCron(schedule), location, now);
      if (period !== null) await this.runs.plan({ report, schedule: `${schedule} ${location}`, period });
    }
    failpoint('reports.planned');
    while (await this.#makeNext(new Date(now), signal)) failpoint('reports.made');
  }
  /** Returns whether it made one: a stop waits for no further one. */
  async #makeNext(now: Date, signal: AbortSignal | undefined): Promise<boolean> {
    return signal?.aborted !== true && this.maker.makeNext(now);
  }
}
