import { Injectable } from '@nestjs/common';
import { TidewaiterError } from '@tidewaiter/domain';
import { reasonOf, type ReportSettings, TidewaiterSettings } from '@tidewaiter/runtime';
import { ScopedRows, Store, type Unfixed, UnfixedFindings } from '@tidewaiter/store';

/** A report with what it lists, or the reason for which that could not be read. */
export interface ReportContent {
  report: ReportSettings;
  unfixed: Unfixed;
  failure: string | null;
}

/** Reads the contents of reports, each with its own rights. */
@Injectable()
export class ReportContents {
  constructor(
    private readonly settings: TidewaiterSettings,
    private readonly store: Store,
    private readonly unfixed: UnfixedFindings,
  ) {}

  /** Names of the configured reports. */
  get names(): string[] {
    return this.settings.reports.map(({ name }) => name);
  }

  /**
   * Null for a report that is not configured any more.
   * @throws Unavailable when another try may succeed: other errors must not hold up other reports
   */
  async of(name: string, now: Date): Promise<ReportContent | null> {
    const report = this.settings.reports.find((each) => each.name === name);
    if (!report) return null;
    const { owners, fixLimits } = this.settings;
    const rights = report.scopes && new ScopedRows(report.scopes, owners.rules);
    const read = async () => this.unfixed.of({ ...report, limits: fixLimits }, owners, now);
    try {
      const unfixed = await (rights ? this.store.within(rights, read) : this.store.unlimited(read));
      return { report, unfixed, failure: null };
    } catch (error) {
      if (error instanceof TidewaiterError && error.retryable) throw error;
      return {
        report,
        unfixed: { groups: [], total: 0, asOf: null },
        failure: `it could not be made: ${reasonOf(error)}`,
      };
    }
  }
}
