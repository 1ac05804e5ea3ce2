import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { auditRecorded, consumers, type EventOf } from '@tidewaiter/events';
import { Deliveries, jobsOf, Store } from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { auditMessage, unreadEntry } from './audit-alerts.js';

/**
 * Sends each entry of the audit log once to each channel with `audit: true`. Entries are no alerts,
 * so that no route, silence or reminder concerns them.
 */
@Controller()
export class NotifyOfAudit {
  constructor(
    private readonly store: Store,
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
  ) {}

  @Subscribe(consumers.notifier, auditRecorded)
  async recorded({ id, time, data: { number, hash } }: EventOf<typeof auditRecorded>): Promise<void> {
    const message = auditMessage(number, this.channels.consoleUrl);
    const wanted = [...(this.channels.routing?.receivers.values() ?? [])].flatMap(({ name, integrations }) =>
      integrations.filter(({ config }) => config.audit).map(({ kind, index }) => ({ receiver: name, kind, index })),
    );
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      const ids = await this.deliveries.add(
        tx,
        wanted.map(({ receiver, kind, index }) => ({
          // After a restore the log has other entries with the numbers of lost ones.
          ...{ eventId: id, cause: ['audit', number, hash] as const, receiver, channel: kind, integration: index },
          ...{ route: 'audit', groupKey: 'audit', groupLabels: { kind: 'audit' }, edition: null, message },
          // Readers of deliveries may not read the log: the entry is read when it is sent.
          alerts: [unreadEntry(number, time)],
        })),
      );
      await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
    });
  }
}
