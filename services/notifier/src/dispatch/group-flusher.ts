import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';
import {
  summaryMessage,
  findingMessage,
  findingMessages,
  type FindingReport,
  mergedMessage,
  type Message,
} from '@tidewaiter/messages';
import { isMuted, type MuteSnapshot, routeAt, sortDue, type Sorted } from '@tidewaiter/routing';
import { Every, failpoint } from '@tidewaiter/runtime';
import {
  AlertGroups,
  alertId,
  allEnded,
  Deliveries,
  FiringAlerts,
  type HeldDelivery,
  Store,
  type Transaction,
  jobsOf,
} from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { reportsOf } from '../subjects/finding-alerts.js';
import { CurrentMessages, type StateView } from './current-messages.js';
import { MuteState } from './mute-state.js';
import { SummaryNotes } from './summary-notes.js';
import { summaryMark, isStormName } from './timing.js';

const lookMs = 250;
/** Pause between looks for groups of other replicas, and of transactions that take long. */
const restMs = 1_000;
/**
 * Groups handled in one transaction: when a silence ends, all groups that it held are due at once.
 */
const groupsAtOnce = 50;

type Held = HeldDelivery<Message>;

/**
 * Flushes messages that were held for their group, for the end of a silence, or for the hour of a
 * summary. The group's row is the timer: it survives restarts, and only the holder of its lock
 * sends.
 */
@Injectable()
export class GroupFlusher {
  /** Until when it looks every time, and before when it does not. */
  #isBusyUntil = 0;
  #restsUntil = 0;

  constructor(
    private readonly store: Store,
    private readonly groups: AlertGroups,
    private readonly deliveries: Deliveries,
    private readonly alerts: FiringAlerts,
    private readonly quiet: MuteState,
    private readonly channels: Channels,
    private readonly notebook: SummaryNotes,
    private readonly current: CurrentMessages,
  ) {
    // Its transaction commits in a moment.
    groups.onWait(() => (this.#isBusyUntil = performance.now() + restMs));
  }

  @Every(lookMs)
  async flushDue(): Promise<void> {
    const now = performance.now();
    if (now < this.#restsUntil && now > this.#isBusyUntil) return;
    while (await this.#flushNext());
  }

  /** Flushes some of the due groups in one transaction; false when none is due. */
  async #flushNext(): Promise<boolean> {
    const { keys: due, nextInMs } = await this.groups.due(groupsAtOnce);
    if (due.length === 0) {
      this.#restsUntil = performance.now() + Math.min(nextInMs ?? restMs, restMs);
      return false;
    }
    const quiet = await this.quiet.now(true);
    const known = await this.#known(due, quiet);
    const hasFlushed = await this.store.transaction(async (tx) => {
      const keys = await this.groups.takeDue(tx, due);
      await allEnded(keys.map((key) => this.#flush(tx, key, { quiet, known })));
      return keys.length > 0;
    });
    failpoint('groups.flushed');
    return hasFlushed;
  }

  /**
   * Collects current facts about due messages. It holds no locks meanwhile, so the holder of a
   * group may change them.
   */
  async #known(keys: readonly string[], quiet: MuteSnapshot): Promise<StateView> {
    const due: Held[] = [];
    const counts = new Map<string, number>();
    await this.store.transaction(async (tx) => {
      await allEnded(
        keys.map(async (key) => {
          const { deliveries: held } = await this.deliveries.held<Message>(tx, key);
          due.push(...(await this.#sort(tx, held, quiet)).ready);
          for (const { id, alerts } of held) counts.set(id, alerts.length);
        }),
      );
    });
    return this.current.look(due, counts);
  }

  async #flush(
    tx: Transaction,
    key: string,
    { quiet, known }: { quiet: MuteSnapshot; known: StateView },
  ): Promise<void> {
    const { deliveries: held, isMore } = await this.deliveries.held<Message>(tx, key);
    const sorted = await this.#sort(tx, held, quiet);
    const counts = new Map(held.map(({ id, alerts }) => [id, alerts.length]));
    const { ready, over, isMore: isLookedAtAgain } = this.current.sort(sorted.ready, known, counts);
    const ids = [...sorted.over, ...over].map(({ id }) => id);
    await this.deliveries.drop(tx, ids, 'suppressed', 'it was over before it was sent');
    const { waitMs } = sorted;
    if (waitMs !== null) await this.groups.wait(tx, key, { forMs: waitMs, isQuiet: !key.endsWith(summaryMark) });
    // One transaction reads a limited number of deliveries; the rest become the next message.
    const isOneEnded = ready.length > 0 || waitMs === null;
    if ((isMore && isOneEnded) || isLookedAtAgain) await this.groups.wait(tx, key, { forMs: 0, isQuiet: false });
    if (ready.length === 0) return;
    await (key.endsWith(summaryMark) ? this.#releaseSummaries(tx, ready) : this.#release(tx, ready, isStormName(key)));
    await this.groups.notified(tx, key);
  }

  /** Sorts held messages: ready to send, obsolete, or to check again later. */
  async #sort(tx: Transaction, held: readonly Held[], quiet: MuteSnapshot): Promise<Sorted<Held>> {
    const firing = await this.alerts.firing(
      tx,
      held.flatMap(({ alerts }) => alerts),
    );
    return sortDue(held, {
      isFiring: (alert: Alert) => firing.has(alertId(alert)),
      reasonFor: (labels) => quiet.reasonFor(labels),
      isMuted: (route) => this.#isMuted(route),
    });
  }

  #isMuted(path: string): boolean {
    const { routing } = this.channels;
    const route = routing && routeAt(routing, path);
    return route !== null && isMuted(route, Date.now());
  }

  /**
   * @param isStorm whether everything becomes one message for each channel, whatever it is about
   */
  async #release(tx: Transaction, ready: readonly Held[], isStorm: boolean): Promise<void> {
    const byChannel = Map.groupBy(ready, (each) =>
      JSON.stringify([each.receiver, each.channel, each.integration, isStorm ? null : incidentOf(each)]),
    );
    const released: string[] = [];
    for (const together of byChannel.values()) {
      const incident = incidentOf(together[0]!);
      const isState = incident !== null && together.every((each) => incidentOf(each) === incident);
      released.push(await (isState ? this.#releaseState(tx, together) : this.#releaseMerged(tx, together)));
    }
    await this.#enqueue(tx, released);
  }

  async #enqueue(tx: Transaction, ids: readonly string[]): Promise<void> {
    await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
  }

  /** Sends one summary to each channel, with the current state of everything. */
  async #releaseSummaries(tx: Transaction, ready: readonly Held[]): Promise<void> {
    const byChannel = Map.groupBy(ready, ({ receiver, channel, integration }) =>
      JSON.stringify([receiver, channel, integration]),
    );
    const notes = await this.notebook.now();
    for (const held of byChannel.values()) {
      const findings = reportsOf(alertsOf(held.filter(isFinding)));
      const last = held.at(-1)!;
      const others = held.slice(0, -1).map(({ id }) => id);
      const message = summaryMessage(
        [...newestOfEach(held.filter((each) => !isFinding(each))), ...findingMessages(findings, this.channels)],
        this.channels,
        notes,
      );
      await this.deliveries.drop(tx, others, 'merged', `merged with others into ${last.id}`);
      if (message === null) await this.deliveries.drop(tx, [last.id], 'suppressed', 'nothing is new');
      else {
        const release = { alerts: alertsOf(held), message: this.channels.reword(message), isOfMany: true };
        await this.deliveries.release(tx, last.id, release);
        await this.#enqueue(tx, [last.id]);
      }
    }
  }

  /** Sends only the newest message about a subject; it covers the older ones. */
  async #releaseState(tx: Transaction, together: readonly Held[]): Promise<string> {
    const last = together.at(-1)!;
    const others = together.slice(0, -1).map(({ id }) => id);
    await this.deliveries.drop(tx, others, 'superseded', 'a newer message has the current state');
    await this.deliveries.release(tx, last.id, last);
    return last.id;
  }

  /** Merges messages about different subjects into one, with the newest of each. */
  async #releaseMerged(tx: Transaction, together: readonly Held[]): Promise<string> {
    const last = together.at(-1)!;
    const merged = together.slice(0, -1).map(({ id }) => id);
    await this.deliveries.drop(tx, merged, 'merged', `merged with others into ${last.id}`);
    const others = newestOfEach(together.filter((each) => !isFinding(each)));
    const reports = reportsOf(alertsOf(together.filter(isFinding)));
    const advisories = others.length > 0 ? findingMessages(reports, this.channels) : oneMessage(reports, this.channels);
    const message = mergedMessage([...others, ...advisories.map((each) => this.channels.reword(each))]);
    await this.deliveries.release(tx, last.id, {
      alerts: alertsOf(together),
      message,
      isOfMany: together.length > 1 && last.subject !== null,
    });
    return last.id;
  }
}

/** Renders vulnerabilities that came together as one message. */
function oneMessage(reports: readonly FindingReport[], channels: Channels): Message[] {
  return reports.length === 0 ? [] : [findingMessage(reports, channels)];
}

function isFinding({ message }: Held): boolean {
  return message.kind === 'finding' && message.isReminder !== true;
}

/** Messages, only the newest of each subject. */
function newestOfEach(held: readonly Held[]): Message[] {
  return [...new Map(held.map((each) => [each.subject ?? each.id, each.message])).values()];
}

/**
 * Id of the incident whose state it reports; null for every other message, including those whose
 * subject only serves corrections.
 */
function incidentOf({ message, subject }: Held): string | null {
  return message.kind === 'incident' ? subject : null;
}

/** Alerts of the messages, each in its newest state. */
function alertsOf(held: readonly Held[]): Alert[] {
  return [...new Map(held.flatMap(({ alerts }) => alerts).map((alert) => [alert.identity, alert])).values()];
}
