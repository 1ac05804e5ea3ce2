import { Injectable } from '@nestjs/common';
import { type Labels, Unavailable } from '@tidewaiter/domain';
import { type Message, reminderMessage, type StillFiring } from '@tidewaiter/messages';
import { type MuteSnapshot, reminding, type RouteMatch, routeAt } from '@tidewaiter/routing';
import { Every, failpoint } from '@tidewaiter/runtime';
import {
  type ReminderGroup,
  Store,
  type NotifiedAlert,
  NotificationLog,
  type AlertDelivery,
  type Transaction,
} from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { Dispatcher } from './dispatcher.js';
import { MuteState } from './mute-state.js';
import { RemainingAlerts } from './remaining-alerts.js';

const lookMs = 1_000;
/** Pause of a reminder that failed for want of a server, and of one that cannot be evaluated. */
const [unavailableMs, unusableMs] = [5_000, 300_000];

/**
 * Repeats messages about alerts that still fire, at the interval of their route. The group's row is
 * the timer: it survives restarts, and only the holder of its lock sends.
 */
@Injectable()
export class Reminders {
  constructor(
    private readonly store: Store,
    private readonly log: NotificationLog,
    private readonly quiet: MuteState,
    private readonly channels: Channels,
    private readonly remaining: RemainingAlerts,
    private readonly notifications: Dispatcher,
  ) {}

  @Every(lookMs)
  async remindDue(): Promise<void> {
    while (await this.#remindNext()) failpoint('reminders.sent');
  }

  /** Handles the next due reminder; false when none is due. */
  async #remindNext(): Promise<boolean> {
    if (!(await this.log.areDue())) return false;
    const quiet = await this.quiet.now(true);
    let taken: string | null = null;
    try {
      return await this.store.transaction(async (tx) => {
        taken = await this.log.nextDue(tx);
        if (taken !== null) await this.#remind(tx, taken, quiet);
        return taken !== null;
      });
    } catch (error) {
      // A reminder that fails must not block the others.
      const key: string | null = taken;
      const pauseMs = error instanceof Unavailable ? unavailableMs : unusableMs;
      if (key !== null) await this.store.transaction(async (tx) => this.log.again(tx, key, pauseMs));
      throw error;
    }
  }

  async #remind(tx: Transaction, key: string, quiet: MuteSnapshot): Promise<void> {
    const group = await this.log.of<Message>(tx, key);
    const route = this.#routeOf(group);
    if (route === null) return;
    const decision = reminding(sentAlerts(group), { quiet, route, nowMs: Date.now() });
    const lookInMs =
      'alerts' in decision ? await this.#repeat(tx, { ...group, alerts: decision.alerts }, route) : decision.lookInMs;
    if (lookInMs !== null) await this.log.again(tx, key, lookInMs);
  }

  /** Current route of a group; null where it no longer repeats. */
  #routeOf({ deliveries: [newest] }: ReminderGroup<Message>): RouteMatch | null {
    const { routing } = this.channels;
    const route = routing && newest ? routeAt(routing, newest.route) : null;
    return route?.receiver === newest?.receiver && route?.given.has('repeat_interval') ? route : null;
  }

  /**
   * Renders and adds a reminder of the remaining alerts; returns the milliseconds until the next
   * check where it did not, or null.
   */
  async #repeat(tx: Transaction, group: ReminderGroup<Message>, route: RouteMatch): Promise<number | null> {
    const still = await this.remaining.of(stillFiring(group));
    const [newest] = still;
    // Keep the timer: an exception may end, and a tag may come back.
    if (newest === undefined) return route.repeatIntervalMs;
    // An acknowledged incident needs no reminder; if it gets worse, it is announced again.
    if (newest.message.isAcknowledged) return route.repeatIntervalMs;
    const snoozedForMs = Date.parse(newest.message.snoozedUntil ?? '') - Date.now();
    if (snoozedForMs > 0) return snoozedForMs;
    const [{ id: after, receiver, groupKey, groupLabels, subject, revision, message }] = group.deliveries as [
      AlertDelivery<Message>,
    ];
    const isState = message.kind === 'incident' && subject !== null && revision !== null;
    const subjects = still.map(({ alert }) => ({ alert, about: null }));
    await this.notifications.remind(tx, {
      group: { receiver, route: route.path, match: route, groupKey, groupLabels, subjects },
      after,
      message: reminderMessage(still, { now: new Date(), everyMs: route.repeatIntervalMs }),
      edition: isState ? { subject, revision } : null,
      replyTo: ({ kind, index }) =>
        group.deliveries.find(
          ({ channel, integration, reference }) => channel === kind && integration === index && reference !== null,
        )?.reference ?? null,
    });
    return null;
  }
}

/** Alerts whose message is no longer held; an alert in a held message needs no reminder yet. */
function sentAlerts({ alerts, deliveries }: ReminderGroup<Message>): {
  alerts: (NotifiedAlert & { labels: Labels })[];
  lastMs: number;
} {
  const waiting = new Set(deliveries.filter(({ state }) => state === 'held').map(({ id }) => id));
  const sent = deliveries.filter(({ state }) => state !== 'held');
  return {
    alerts: alerts
      .filter(({ deliveryId }) => !waiting.has(deliveryId))
      .map((each) => ({ ...each, labels: each.alert.labels })),
    lastMs: Math.max(...sent.map(({ finishedAt }) => finishedAt?.getTime() ?? Date.now())),
  };
}

/** Each alert with the message that reported it. */
function stillFiring({ alerts, deliveries }: ReminderGroup<Message>): StillFiring[] {
  const messages = new Map(deliveries.map(({ id, message }) => [id, message]));
  return alerts.flatMap(({ alert, since, deliveryId }) => {
    const sent = messages.get(deliveryId) ?? deliveries[0]?.message;
    return sent === undefined ? [] : [{ alert, since, message: sent }];
  });
}
