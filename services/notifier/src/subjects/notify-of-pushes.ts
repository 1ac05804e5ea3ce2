import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, imageAnalyzed } from '@tidewaiter/events';
import { pushMessage } from '@tidewaiter/messages';
import { Pushes, Store } from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { ConcurrencyLimit } from '../delivery/concurrency-limit.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { ImageUploads } from '../images/image-uploads.js';
import { FailedPushAlerts } from './failed-push-alerts.js';
import { IncidentDecision } from './incident-decision.js';
import { hasNoAlerts, isNews, narrowedTo, pushSubjects } from './push-alerts.js';
import { PushReports } from './push-reports.js';

/** A report may have thousands of findings. */
const atOnce = 4;

/**
 * Notifies of the changes of a push. The same digest under the same tag again changes nothing, so
 * no message is sent.
 */
@Controller()
export class NotifyOfPushes {
  readonly #limit = new ConcurrencyLimit(atOnce);

  constructor(
    private readonly store: Store,
    private readonly reports: PushReports,
    private readonly notifications: Dispatcher,
    private readonly channels: Channels,
    private readonly pushes: Pushes,
    private readonly failed: FailedPushAlerts,
    private readonly decision: IncidentDecision,
    private readonly uploads: ImageUploads,
  ) {}

  @Subscribe(consumers.notifier, imageAnalyzed)
  async handle(event: EventOf<typeof imageAnalyzed>): Promise<void> {
    const isInIncident = await this.decision.isInIncident(event.data.pushId);
    await this.#limit.run(() => this.#notify(event, isInIncident));
  }

  async #notify(event: EventOf<typeof imageAnalyzed>, isInIncident: boolean): Promise<void> {
    const { id, time, data } = event;
    const push = await this.pushes.get(data.pushId);
    const report = isInIncident || hasNoAlerts(data) ? null : await this.reports.of(push, data);
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      if (push?.tag != null) await this.failed.resolve(tx, { ...push, tag: push.tag }, time);
      await this.uploads.add(tx, event, push);
      if (!report) return;
      await this.notifications.add(
        tx,
        { eventId: id, cause: ['push', data.pushId, data.again ? 'analyzed again' : 'analyzed'] },
        pushSubjects(report),
        {
          isNews,
          pushId: data.pushId,
          message: (group) => pushMessage(narrowedTo(report, group), { consoleUrl: this.channels.consoleUrl }),
        },
      );
    });
  }
}
