import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';
import type { OutgoingMessage } from '@tidewaiter/receivers';
import { unfixedCsv } from '@tidewaiter/reports';
import { ReportRuns } from '@tidewaiter/store';

/** Mail servers refuse mails that are larger. */
const maxBytes = 8 * 1024 * 1024;

/** Reads the files of reports when their mails are sent. */
@Injectable()
export class ReportAttachments {
  constructor(private readonly runs: ReportRuns) {}

  /** The CSV of a report; none for other messages, other channels, and one that is too large. */
  async of(channel: string, alerts: readonly Alert[]): Promise<NonNullable<OutgoingMessage['attachments']>> {
    const { kind, run, report } = alerts[0]?.labels ?? {};
    if (channel !== 'email' || kind !== 'report' || run === undefined) return [];
    const { groups, madeAt } = await this.runs.get(run);
    const content = Buffer.from(unfixedCsv(groups));
    if (content.length > maxBytes) return [];
    return [{ name: `${report}-${madeAt.toISOString().slice(0, 10)}.csv`, mediaType: 'text/csv', content }];
  }
}
