import { Injectable } from '@nestjs/common';
import { Deliveries, type NewDelivery, type Transaction } from '@tidewaiter/store';

import { Channels } from './channels.js';
import type { Message } from './message.js';
import { channelsFor, groupByRoute, type Subject } from './routed.js';

/** How the subjects of one kind of event become messages. */
export interface Wording<About> {
  /** Whether a group tells something new and bad; good news goes only to channels that ask for it. */
  isNews(subjects: readonly Subject<About>[]): boolean;
  message(subjects: readonly Subject<About>[]): Message;
  /** As in a delivery. */
  edition?: NewDelivery<Message>['edition'];
}

/** Decides who is told what, and puts it into the ledger. */
@Injectable()
export class Notifications {
  constructor(
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
  ) {}

  /** Adds the deliveries of an event in the transaction that handles it; the same event adds each only once. */
  async add<About>(
    tx: Transaction,
    eventId: string,
    subjects: readonly Subject<About>[],
    wording: Wording<About>,
  ): Promise<void> {
    const { routing } = this.channels;
    if (!routing) return;
    const deliveries = groupByRoute(routing, subjects).flatMap((group): NewDelivery<Message>[] => {
      const isNews = wording.isNews(group.subjects);
      // What was there before and still is concerns nobody anew, also where another group has news.
      if (!isNews && group.subjects.every(({ alert }) => alert.status === 'firing')) return [];
      const message = wording.message(group.subjects);
      return channelsFor(routing, group.receiver, isNews).map((integration) => ({
        eventId,
        receiver: group.receiver,
        channel: integration.kind,
        integration: integration.index,
        route: group.route,
        groupKey: group.groupKey,
        groupLabels: group.groupLabels,
        alerts: group.subjects
          .map(({ alert }) => alert)
          .filter(({ status }) => status === 'firing' || integration.config.sendResolved),
        message,
        edition: wording.edition ?? null,
      }));
    });
    if (deliveries.length === 0) return;
    const ids = await this.deliveries.add(tx, deliveries);
    await tx.enqueue(...ids.map((key) => ({ queue: 'delivery', key, class: 'interactive' as const })));
  }
}
