import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';
import { digestMessage, mergedMessage, type Message } from '@tidewaiter/messages';
import { isMuted, type QuietNow, routeAt, sortDue } from '@tidewaiter/routing';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import {
  AlertGroups,
  alertId,
  allEnded,
  Deliveries,
  FiringAlerts,
  type HeldDelivery,
  Store,
  type Transaction,
} from '@tidewaiter/store';

import { Channels } from './channels.js';
import { DigestNotebook } from './digest-notebook.js';
import { Quiet } from './quiet.js';
import { digestMark } from './timing.js';

const lookMs = 250;
/** Groups that are looked at in one transaction: when a silence ends, all that waited because of it are due at once. */
const groupsAtOnce = 50;
const forgetEveryMs = 3_600_000;

type Held = HeldDelivery<Message>;

/**
 * Tells what has waited for its group, for the end of a silence, for the hour of a digest. The group's row is the timer: it survives
 * restarts, and whoever holds it tells alone.
 */
@Injectable()
export class HeldMessages implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #looking: Repetition | undefined;
  #forgetting: Repetition | undefined;

  constructor(
    private readonly store: Store,
    private readonly groups: AlertGroups,
    private readonly deliveries: Deliveries,
    private readonly alerts: FiringAlerts,
    private readonly quiet: Quiet,
    private readonly channels: Channels,
    private readonly notebook: DigestNotebook,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#looking = repeat(() => this.#look(), lookMs, this.logger);
    this.#forgetting = repeat(() => this.#forget(), forgetEveryMs, this.logger);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.#looking?.stop(), this.#forgetting?.stop()]);
  }

  async #look(): Promise<void> {
    while (await this.#tellNext());
  }

  /** Tells of some of the groups that are due, in one transaction; false when there is none. */
  async #tellNext(): Promise<boolean> {
    if (!(await this.groups.areDue())) return false;
    const quiet = await this.quiet.now(true);
    return this.store.transaction(async (tx) => {
      const keys = await this.groups.nextDue(tx, groupsAtOnce);
      await allEnded(keys.map((key) => this.#tellOf(tx, key, quiet)));
      return keys.length > 0;
    });
  }

  async #tellOf(tx: Transaction, key: string, quiet: QuietNow): Promise<void> {
    const held = await this.deliveries.held<Message>(tx, key);
    const firing = await this.alerts.firing(
      tx,
      held.flatMap(({ alerts }) => alerts),
    );
    const { ready, waitMs } = await this.#sort(tx, held, { quiet, firing });
    if (waitMs !== null) await this.groups.wait(tx, key, { forMs: waitMs, isQuiet: !key.endsWith(digestMark) });
    if (ready.length === 0) return;
    await (key.endsWith(digestMark) ? this.#releaseDigests(tx, ready) : this.#release(tx, ready));
    await this.groups.told(tx, key);
  }

  /** What may be told now; what is over before anybody was told is dropped, and the rest waits on. */
  async #sort(
    tx: Transaction,
    held: readonly Held[],
    { quiet, firing }: { quiet: QuietNow; firing: ReadonlySet<string> },
  ): Promise<{ ready: Held[]; waitMs: number | null }> {
    const { ready, over, waitMs } = sortDue(held, {
      isFiring: (alert: Alert) => firing.has(alertId(alert)),
      reasonFor: (labels) => quiet.reasonFor(labels),
      isMuted: (route) => this.#isMuted(route),
    });
    const ids = over.map(({ id }) => id);
    if (ids.length > 0) await this.deliveries.drop(tx, ids, 'suppressed', 'it was over before anybody was to be told');
    return { ready, waitMs };
  }

  #isMuted(path: string): boolean {
    const { routing } = this.channels;
    const route = routing && routeAt(routing, path);
    return route !== null && isMuted(route, Date.now());
  }

  async #release(tx: Transaction, ready: readonly Held[]): Promise<void> {
    const byChannel = Map.groupBy(ready, ({ receiver, channel, integration, subject }) =>
      JSON.stringify([receiver, channel, integration, subject]),
    );
    const told: string[] = [];
    for (const together of byChannel.values()) told.push(await this.#releaseOne(tx, together));
    await this.#enqueue(tx, told);
  }

  async #enqueue(tx: Transaction, ids: readonly string[]): Promise<void> {
    await tx.enqueue(...ids.map((key) => ({ queue: 'delivery', key, class: 'interactive' as const })));
  }

  /** One message for each channel, of how everything stands by now. */
  async #releaseDigests(tx: Transaction, ready: readonly Held[]): Promise<void> {
    const byChannel = Map.groupBy(ready, ({ receiver, channel, integration }) =>
      JSON.stringify([receiver, channel, integration]),
    );
    const notes = await this.notebook.now();
    for (const held of byChannel.values()) {
      const newest = new Map(held.map((each) => [each.subject ?? each.id, each]));
      const last = held.at(-1)!;
      const others = held.slice(0, -1).map(({ id }) => id);
      const message = digestMessage(
        [...newest.values()].map((each) => each.message),
        this.channels,
        notes,
      );
      await this.deliveries.drop(tx, others, 'merged', `told together with others in ${last.id}`);
      if (message === null) await this.deliveries.drop(tx, [last.id], 'suppressed', 'nothing is new');
      else {
        const told = { alerts: alertsOf(held), message: this.channels.reword(message), isOfMany: true };
        await this.deliveries.release(tx, last.id, told);
        await this.#enqueue(tx, [last.id]);
      }
    }
  }

  /** The newest says all that there is to say of one subject; messages of different ones become one. */
  async #releaseOne(tx: Transaction, together: readonly Held[]): Promise<string> {
    const last = together.at(-1)!;
    const others = together.slice(0, -1).map(({ id }) => id);
    if (last.subject !== null) {
      await this.deliveries.drop(tx, others, 'superseded', 'a newer message says how it stands');
      await this.deliveries.release(tx, last.id, last);
      return last.id;
    }
    await this.deliveries.drop(tx, others, 'merged', `told together with others in ${last.id}`);
    const message = mergedMessage(together.map((each) => each.message));
    await this.deliveries.release(tx, last.id, { alerts: alertsOf(together), message });
    return last.id;
  }

  async #forget(): Promise<void> {
    await this.alerts.forget();
    await this.store.transaction((tx) => this.groups.forget(tx));
  }
}

/** Each as it is by now. */
function alertsOf(held: readonly Held[]): Alert[] {
  return [...new Map(held.flatMap(({ alerts }) => alerts).map((alert) => [alert.identity, alert])).values()];
}
