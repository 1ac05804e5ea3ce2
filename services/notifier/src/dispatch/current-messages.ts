import { Injectable } from '@nestjs/common';
import { type Message, pushMessage, type PushReport } from '@tidewaiter/messages';
import { groupByRoute } from '@tidewaiter/routing';
import type { HeldDelivery } from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { narrowedTo, pushSubjects } from '../subjects/push-alerts.js';
import { PushReports } from '../subjects/push-reports.js';
import { leftOf } from './message-corrections.js';
import { type EvaluatedPlaces, ReminderRecheck } from './reminder-recheck.js';

type Held = HeldDelivery<Message>;

/** Current facts about held messages. */
export interface StateView {
  /** Identities of alerts that no longer hold. */
  over: ReadonlySet<string>;
  /**
   * Current reports, by push id, of the messages that must be rendered again; null for a push that
   * is gone.
   */
  reports: ReadonlyMap<string, PushReport | null>;
}

/** Updated messages: some are ready, some obsolete, and some must be checked again. */
interface Current {
  ready: Held[];
  over: Held[];
  isMore: boolean;
}

/** Updates held messages: each counts and lists only the alerts that still hold. */
@Injectable()
export class CurrentMessages {
  constructor(
    private readonly stillTrue: ReminderRecheck,
    private readonly reports: PushReports,
    private readonly channels: Channels,
  ) {}

  /**
   * Collects current facts about due messages. Its queries exceed what one transaction may do while
   * others wait for it.
   * @param due with the alerts that fire
   * @param alertCounts number of alerts of each message as it was made, by message id
   */
  async look(due: readonly Held[], alertCounts: ReadonlyMap<string, number>): Promise<StateView> {
    const evaluated: EvaluatedPlaces = new Map();
    const over = new Set<string>();
    const reports = new Map<string, PushReport | null>();
    for (const each of due) {
      for (const alert of each.alerts) {
        if (alert.status === 'firing' && !(await this.stillTrue.holds(alert, evaluated))) over.add(alert.identity);
      }
      const left = alertsLeft(each, over);
      const { id, pushId } = each;
      if (pushId === null || reports.has(pushId) || left.length === 0 || left.length === alertCounts.get(id)) continue;
      reports.set(pushId, await this.reports.now(pushId));
    }
    return { over, reports };
  }

  /**
   * Reduces the messages to the alerts that still hold. Leaves out messages with alerts that ended
   * after the facts were collected.
   */
  sort(due: readonly Held[], { over, reports }: StateView, alertCounts: ReadonlyMap<string, number>): Current {
    const current: Current = { ready: [], over: [], isMore: false };
    for (const each of due) {
      const left = { ...each, alerts: alertsLeft(each, over) };
      const isWhole = each.pushId === null || left.alerts.length === alertCounts.get(each.id);
      if (left.alerts.length === 0) current.over.push(left);
      else if (isWhole) current.ready.push(left);
      else if (reports.has(each.pushId!)) current.ready.push(this.#reworded(left, reports.get(each.pushId!) ?? null));
      else current.isMore = true;
    }
    return current;
  }

  /**
   * Renders a push message again. Vulnerability messages are rendered from their alerts anyway, and
   * all others are about one alert.
   */
  #reworded(held: Held, report: PushReport | null): Held {
    const { routing, consoleUrl } = this.channels;
    if (!report || !routing) return held;
    const subjects = pushSubjects(report);
    const left = leftOf(held, subjects, groupByRoute(routing, subjects));
    return { ...held, message: this.channels.reword(pushMessage(narrowedTo(report, left), { consoleUrl })) };
  }
}

function alertsLeft({ alerts }: Held, over: ReadonlySet<string>): Held['alerts'] {
  return alerts.filter(({ status, identity }) => status === 'resolved' || !over.has(identity));
}
