import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type DataOf, type EventOf, imageReexamined } from '@tidewaiter/events';
import { correctedMessage, correctionMessage, type PushReport } from '@tidewaiter/messages';
import type { AlertSubject } from '@tidewaiter/routing';
import { Store, type Transaction } from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { ConcurrencyLimit } from '../delivery/concurrency-limit.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { MessageCorrections } from '../dispatch/message-corrections.js';
import { IncidentDecision } from './incident-decision.js';
import { isNews, narrowedTo, type PushSubject, pushSubjects } from './push-alerts.js';
import { PushReports } from './push-reports.js';

const atOnce = 4;

/** Current report of a push that was evaluated again, and its announced findings that are over. */
interface ReexaminedPush {
  time: string;
  data: DataOf<typeof imageReexamined>;
  now: PushReport;
  over: AlertSubject<PushSubject>[];
}

/**
 * Announces a signature that did not come in time, and corrects the message of a push whose
 * signature came after it.
 */
@Controller()
export class NotifyOfCorrections {
  readonly #limit = new ConcurrencyLimit(atOnce);

  constructor(
    private readonly store: Store,
    private readonly reports: PushReports,
    private readonly notifications: Dispatcher,
    private readonly corrections: MessageCorrections,
    private readonly channels: Channels,
    private readonly decision: IncidentDecision,
  ) {}

  @Subscribe(consumers.notifier, imageReexamined)
  async handle(event: EventOf<typeof imageReexamined>): Promise<void> {
    const { pushId, opened, resolved } = event.data;
    if (opened.length + resolved.length === 0) return;
    const isInIncident = opened.length > 0 && (await this.decision.isInIncident(pushId));
    await this.#limit.run(() => this.#notify(event, isInIncident));
  }

  async #notify({ id, time, data }: EventOf<typeof imageReexamined>, isInIncident: boolean): Promise<void> {
    const report = await this.reports.ofCorrection(isInIncident ? { ...data, opened: [] } : data);
    const now = data.resolved.length > 0 ? await this.reports.now(data.pushId) : null;
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      if (!report) return;
      const subjects = pushSubjects(report);
      const corrected = now && (await this.#correct(tx, { time, data, now, over: subjects.filter(isOver) }));
      await this.notifications.add(tx, { eventId: id, cause: ['push', data.pushId, 'reexamined'] }, subjects, {
        isNews,
        pushId: data.pushId,
        ...(corrected && { corrected }),
        message: (group) => correctionMessage(narrowedTo(report, group), { consoleUrl: this.channels.consoleUrl }),
      });
    });
  }

  /** Corrects messages that report what is over. */
  async #correct(tx: Transaction, { time, data, now, over }: ReexaminedPush) {
    const { pushId, signers = [] } = data;
    const { consoleUrl } = this.channels;
    return this.corrections.correct(tx, {
      pushId,
      at: time,
      subjects: pushSubjects(now),
      over,
      message: ({ message: sent, revision }, left, ended) => {
        const late = ended.map(({ about }) => about.finding);
        return correctedMessage(narrowedTo(now, left), {
          sent,
          late,
          signers,
          at: time,
          revision: revision + 1,
          consoleUrl,
        });
      },
    });
  }
}

function isOver({ about }: AlertSubject<PushSubject>): boolean {
  return about.isResolved;
}
