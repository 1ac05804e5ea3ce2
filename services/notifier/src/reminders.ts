import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Labels } from '@tidewaiter/domain';
import { type Message, reminderMessage, type StillFiring } from '@tidewaiter/messages';
import { type QuietNow, reminding, type RouteMatch, routeAt } from '@tidewaiter/routing';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import {
  type Retelling,
  Store,
  type ToldAlert,
  ToldAlerts,
  type ToldDelivery,
  type Transaction,
} from '@tidewaiter/store';

import { Channels } from './channels.js';
import { Notifications } from './notifications.js';
import { Quiet } from './quiet.js';
import { RemainingAlerts } from './remaining-alerts.js';

const lookMs = 1_000;
const postponedMs = 300_000;

/**
 * Tells groups again what they were told and what still fires, where a route says after which time. The group's row is the timer: it
 * survives restarts, and whoever holds it tells alone.
 */
@Injectable()
export class Reminders implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #looking: Repetition | undefined;

  constructor(
    private readonly store: Store,
    private readonly told: ToldAlerts,
    private readonly quiet: Quiet,
    private readonly channels: Channels,
    private readonly remaining: RemainingAlerts,
    private readonly notifications: Notifications,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#looking = repeat(async () => this.#look(), lookMs, this.logger);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looking?.stop();
  }

  async #look(): Promise<void> {
    while (await this.#remindNext());
  }

  /** Tells one group again that is due; false when there is none. */
  async #remindNext(): Promise<boolean> {
    if (!(await this.told.areDue())) return false;
    const quiet = await this.quiet.now(true);
    let taken: string | null = null;
    try {
      return await this.store.transaction(async (tx) => {
        taken = await this.told.nextDue(tx);
        if (taken !== null) await this.#remind(tx, taken, quiet);
        return taken !== null;
      });
    } catch (error) {
      // One that cannot be judged must not keep the others from being told.
      const key: string | null = taken;
      if (key !== null) await this.store.transaction(async (tx) => this.told.again(tx, key, postponedMs));
      throw error;
    }
  }

  async #remind(tx: Transaction, key: string, quiet: QuietNow): Promise<void> {
    const retelling = await this.told.of<Message>(tx, key);
    const route = this.#routeOf(retelling);
    if (route === null) return;
    const decision = reminding(heard(retelling), { quiet, route, nowMs: Date.now() });
    const lookInMs =
      'tell' in decision ? await this.#tell(tx, { ...retelling, alerts: decision.tell }, route) : decision.lookInMs;
    if (lookInMs !== null) await this.told.again(tx, key, lookInMs);
  }

  /** The route by which a group was told, as the file has it by now; null where that repeats nothing any more. */
  #routeOf({ deliveries: [newest] }: Retelling<Message>): RouteMatch | null {
    const { routing } = this.channels;
    const route = routing && newest ? routeAt(routing, newest.route) : null;
    return route?.receiver === newest?.receiver && route?.given.has('repeat_interval') ? route : null;
  }

  /** Words what is left and tells it; answers in how many milliseconds to look again where it did not, or null. */
  async #tell(tx: Transaction, retelling: Retelling<Message>, route: RouteMatch): Promise<number | null> {
    const still = await this.remaining.of(stillFiring(retelling));
    const [newest] = still;
    // An exception may end, and a tag may come back.
    if (newest === undefined) return route.repeatIntervalMs;
    // Somebody looks after it and needs nobody who says so again; should it get worse, that is told anew.
    if (newest.told.isAcknowledged) return route.repeatIntervalMs;
    const [{ receiver, groupKey, groupLabels, subject, revision, message }] = retelling.deliveries as [
      ToldDelivery<Message>,
    ];
    const isState = message.kind === 'incident' && subject !== null && revision !== null;
    const subjects = still.map(({ alert }) => ({ alert, about: null }));
    await this.notifications.remind(tx, {
      group: { receiver, route: route.path, match: route, groupKey, groupLabels, subjects },
      message: reminderMessage(still, { now: new Date(), everyMs: route.repeatIntervalMs }),
      edition: isState ? { subject, revision } : null,
      replyTo: ({ kind, index }) =>
        retelling.deliveries.find(
          ({ channel, integration, reference }) => channel === kind && integration === index && reference !== null,
        )?.reference ?? null,
    });
    return null;
  }
}

/** What people have heard of: what is on its way or waits is no reminder yet. */
function heard({ alerts, deliveries }: Retelling<Message>): {
  alerts: (ToldAlert & { labels: Labels })[];
  lastMs: number;
} {
  const waiting = new Set(deliveries.filter(({ state }) => state === 'held').map(({ id }) => id));
  const told = deliveries.filter(({ state }) => state !== 'held');
  return {
    alerts: alerts
      .filter(({ deliveryId }) => !waiting.has(deliveryId))
      .map((each) => ({ ...each, labels: each.alert.labels })),
    lastMs: Math.max(...told.map(({ finishedAt }) => finishedAt?.getTime() ?? Date.now())),
  };
}

/** Each alert with the message by which people heard of it. */
function stillFiring({ alerts, deliveries }: Retelling<Message>): StillFiring[] {
  const messages = new Map(deliveries.map(({ id, message }) => [id, message]));
  return alerts.flatMap(({ alert, since, deliveryId }) => {
    const told = messages.get(deliveryId) ?? deliveries[0]?.message;
    return told === undefined ? [] : [{ alert, since, told }];
  });
}
