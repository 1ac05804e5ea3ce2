import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, findingOpened, findingResolved } from '@tidewaiter/events';
import { findingMessage, type FindingReport } from '@tidewaiter/messages';
import { Store } from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { ConcurrencyLimit } from '../delivery/concurrency-limit.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { findingSubjects, narrowedTo } from './finding-alerts.js';
import { FindingReports } from './finding-reports.js';

/** An advisory may hit thousands of images. */
const atOnce = 2;

/** Notifies of findings that an advisory opens or resolves in known images, without a push. */
@Controller()
export class NotifyOfFindings {
  readonly #limit = new ConcurrencyLimit(atOnce);

  constructor(
    private readonly store: Store,
    private readonly reports: FindingReports,
    private readonly notifications: Dispatcher,
    private readonly channels: Channels,
  ) {}

  @Subscribe(consumers.notifier, findingOpened)
  async opened(event: EventOf<typeof findingOpened>): Promise<void> {
    await this.#limit.run(() => this.#notify(event, 'opened'));
  }

  @Subscribe(consumers.notifier, findingResolved)
  async resolved(event: EventOf<typeof findingResolved>): Promise<void> {
    await this.#limit.run(() => this.#notify(event, 'resolved'));
  }

  async #notify(event: EventOf<typeof findingOpened>, status: FindingReport['status']): Promise<void> {
    const { id, data } = event;
    const cause = ['finding', status, data.id, data.advisoryId, data.reason ?? 'advisory'] as const;
    const report = await this.reports.of(event, status);
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      const { consoleUrl } = this.channels;
      await this.notifications.add(tx, { eventId: id, cause }, findingSubjects(report), {
        isNews: () => status === 'opened',
        isGathered: true,
        message: (group) => findingMessage([narrowedTo(report, group)], { consoleUrl }),
      });
    });
  }
}
