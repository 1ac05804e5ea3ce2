import { Injectable } from '@nestjs/common';
import { type Message, reportAlert, reportMessage } from '@tidewaiter/messages';
import type { ReportSettings } from '@tidewaiter/runtime';
import {
  Deliveries,
  type DueReport,
  jobsOf,
  type NewDelivery,
  ReportRuns,
  Store,
  type Transaction,
} from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { limitsText } from './limits-text.js';
import { type ReportContent, ReportContents } from './report-contents.js';

/** Makes ordered reports, and adds their deliveries. */
@Injectable()
export class ReportMaker {
  constructor(
    private readonly store: Store,
    private readonly runs: ReportRuns,
    private readonly contents: ReportContents,
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
  ) {}

  /**
   * Makes the next ordered report; false if there is none. Report, deliveries and the end of the
   * order commit together.
   */
  async makeNext(now: Date): Promise<boolean> {
    return this.store.transaction(async (tx) => {
      const due = await this.runs.claim(tx, this.contents.names);
      if (!due) return false;
      const content = await this.contents.of(due.report, now);
      if (content) await this.#make(tx, due, content, now);
      else await this.runs.skip(tx, due.id);
      return true;
    });
  }

  async #make(tx: Transaction, due: DueReport, { report, unfixed, failure }: ReportContent, now: Date): Promise<void> {
    const { name, by, query, receiver, scopes } = report;
    const channels = this.channels.routing?.receivers.get(receiver)?.integrations ?? [];
    const problem =
      failure ?? (channels.length === 0 ? `the routing has no channel of the receiver ${receiver}` : null);
    await this.runs.made(tx, due.id, { settings: { by, query, receiver, scopes }, ...unfixed, problem });
    if (problem !== null) return;
    const made = { id: due.id, name, by, query, limits: limitsText(scopes), ...unfixed };
    const message = this.channels.reword(reportMessage(made, this.channels.consoleUrl, now));
    const ids = await this.deliveries.add(
      tx,
      channels.map(({ kind, index }) => ({
        ...deliveryOf(due, report, message),
        ...{ channel: kind, integration: index, alerts: [reportAlert(made, now)] },
      })),
    );
    await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
  }
}

function deliveryOf(
  { id, period, requestedBy }: DueReport,
  { name, schedule, location, receiver }: ReportSettings,
  message: Message,
): Omit<NewDelivery<Message>, 'channel' | 'integration' | 'alerts'> {
  return {
    eventId: id,
    // The same after a restore, which orders a period again.
    cause: ['report', name, requestedBy === null ? `${schedule} ${location} ${period}` : id],
    ...{ receiver, route: 'report', groupKey: `report/${name}`, groupLabels: { kind: 'report', report: name } },
    ...{ edition: null, message },
  };
}
