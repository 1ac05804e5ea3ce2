import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { isAtLeast } from '@tidewaiter/domain';
import { consumers, type EventOf, findingOpened, findingResolved } from '@tidewaiter/events';
import { Judgements, Store } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { findingSubjects, narrowedTo } from './finding-alerts.js';
import { findingMessage, type FindingReport } from './finding-message.js';
import { Notifications } from './notifications.js';
import { Owners } from './owners.js';

/** Tells people of what became wrong with images that nobody pushed: an advisory was published. */
@Controller()
export class NotifyOfFindings {
  constructor(
    private readonly store: Store,
    private readonly judgements: Judgements,
    private readonly owners: Owners,
    private readonly notifications: Notifications,
    private readonly channels: Channels,
  ) {}

  @Subscribe(consumers.notifier, findingOpened)
  async opened(event: EventOf<typeof findingOpened>): Promise<void> {
    await this.#tell(event, 'opened');
  }

  @Subscribe(consumers.notifier, findingResolved)
  async resolved(event: EventOf<typeof findingResolved>): Promise<void> {
    await this.#tell(event, 'resolved');
  }

  async #tell({ id, time, data }: EventOf<typeof findingOpened>, status: FindingReport['status']): Promise<void> {
    const { kind, advisoryId, title, severity, purls, isNews } = data;
    // As with pushes: what nobody has rated may be critical.
    const isAlarming = isAtLeast(severity, 'high') || severity === 'unknown';
    const hit = isNews && isAlarming ? await this.judgements.places(data, purls) : [];
    const owners = await this.owners.ofImages(hit);
    const places = hit.map((place, index) => ({ ...place, owner: owners[index] ?? null }));
    const report: FindingReport = { kind, id: data.id, advisoryId, title, severity, status, at: time, places };
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      const { consoleUrl } = this.channels;
      await this.notifications.add(tx, id, findingSubjects(report), {
        isNews: () => status === 'opened',
        message: (group) => findingMessage(narrowedTo(report, group), { consoleUrl }),
      });
    });
  }
}
