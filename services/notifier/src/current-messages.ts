import { Injectable } from '@nestjs/common';
import { type Message, pushMessage, type PushReport } from '@tidewaiter/messages';
import { groupByRoute } from '@tidewaiter/routing';
import type { HeldDelivery } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { leftOf } from './message-corrections.js';
import { narrowedTo, pushSubjects } from './push-alerts.js';
import { PushReports } from './push-reports.js';
import { type JudgedPlaces, StillTrue } from './still-true.js';

type Held = HeldDelivery<Message>;

/** What is known of messages that have waited. */
export interface KnownState {
  /** Identities of alerts that hold no longer. */
  over: ReadonlySet<string>;
  /** The pushes that messages have to be worded anew from, by their id; null of one that is gone. */
  reports: ReadonlyMap<string, PushReport | null>;
}

/** Messages as they are now: some go out, some are over, and some have to be looked at again. */
interface Current {
  ready: Held[];
  over: Held[];
  isMore: boolean;
}

/** Brings messages up to date that have waited: each counts and lists what still holds. */
@Injectable()
export class CurrentMessages {
  constructor(
    private readonly stillTrue: StillTrue,
    private readonly reports: PushReports,
    private readonly channels: Channels,
  ) {}

  /**
   * Finds out what is known of messages that are due. It asks for more than one transaction may, which keeps others waiting.
   * @param due with the alerts that fire
   * @param alertCounts number of alerts of each as it was made, by its id
   */
  async look(due: readonly Held[], alertCounts: ReadonlyMap<string, number>): Promise<KnownState> {
    const judged: JudgedPlaces = new Map();
    const over = new Set<string>();
    const reports = new Map<string, PushReport | null>();
    for (const each of due) {
      for (const alert of each.alerts) {
        if (alert.status === 'firing' && !(await this.stillTrue.holds(alert, judged))) over.add(alert.identity);
      }
      const left = alertsLeft(each, over);
      const { id, pushId } = each;
      if (pushId === null || reports.has(pushId) || left.length === 0 || left.length === alertCounts.get(id)) continue;
      reports.set(pushId, await this.reports.now(pushId));
    }
    return { over, reports };
  }

  /** The messages with what is left of them; those of which something ended since the look are left out. */
  sort(due: readonly Held[], { over, reports }: KnownState, alertCounts: ReadonlyMap<string, number>): Current {
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

  /** Vulnerabilities are worded from their alerts anyway, and everything else is about one alert. */
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
