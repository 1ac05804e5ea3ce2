import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, imageReexamined } from '@tidewaiter/events';
import { correctionMessage } from '@tidewaiter/messages';
import { Store } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { IncidentDecision } from './incident-decision.js';
import { Notifications } from './notifications.js';
import { isNews, narrowedTo, pushSubjects } from './push-alerts.js';
import { PushReports } from './push-reports.js';

const atOnce = 4;

/** Announces a signature that did not come in time, and corrects the message of a push whose signature came after it. */
@Controller()
export class NotifyOfCorrections {
  readonly #limit = new ConcurrencyLimit(atOnce);

  constructor(
    private readonly store: Store,
    private readonly reports: PushReports,
    private readonly notifications: Notifications,
    private readonly channels: Channels,
    private readonly decision: IncidentDecision,
  ) {}

  @Subscribe(consumers.notifier, imageReexamined)
  async handle(event: EventOf<typeof imageReexamined>): Promise<void> {
    const { pushId, opened } = event.data;
    const isInIncident = opened.length > 0 && (await this.decision.isInIncident(pushId));
    await this.#limit.run(() => this.#notify(event, isInIncident));
  }

  async #notify({ id, data }: EventOf<typeof imageReexamined>, isInIncident: boolean): Promise<void> {
    const report = await this.reports.ofCorrection(isInIncident ? { ...data, opened: [] } : data);
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      if (!report) return;
      await this.notifications.add(tx, id, pushSubjects(report), {
        isNews,
        message: (group) => correctionMessage(narrowedTo(report, group), { consoleUrl: this.channels.consoleUrl }),
      });
    });
  }
}
