import { Injectable } from '@nestjs/common';
import type { Message } from '@tidewaiter/messages';
import { digestWaitMs, type Integration, isMuted, type RoutingConfig } from '@tidewaiter/routing';
import { AlertGroups, Deliveries, FiringAlerts, type NewDelivery, type Transaction } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { Quiet, type QuietNow } from './quiet.js';
import { follows } from './receivers/receivers.js';
import { channelsFor, type Group, groupByRoute, type Subject } from './routed.js';
import { digestMark, groupWaitMs, mutedMs, stormMs, stormSize } from './timing.js';

/** How the subjects of one kind of event become messages. */
export interface Wording<About> {
  /** Whether a group tells something new and bad; good news goes only to channels that ask for it. */
  isNews(subjects: readonly Subject<About>[]): boolean;
  message(subjects: readonly Subject<About>[]): Message;
}

/** One state of something that goes on, as an incident does. */
export interface State<About> extends Subject<About> {
  edition: { subject: string; revision: number };
  message: Message;
  /** For everybody whom the routes name; else for channels alone that show how things stand. */
  isForAll: boolean;
}

/** Messages that go out or wait together, and for how long. */
interface Told {
  deliveries: NewDelivery<Message>[];
  /** 0: they go out at once. */
  waitMs: number;
  /** With what they wait. */
  heldFor: string;
}

/** Channels that no person reads one by one. */
const forMachines: ReadonlySet<string> = new Set([
  'webhook',
  'alertmanager',
  'pagerduty',
  'opsgenie',
  'victorops',
  'incidentio',
  'jira',
]);

/** Decides who is told what and when, and puts it into the ledger. */
@Injectable()
export class Notifications {
  constructor(
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
    private readonly groups: AlertGroups,
    private readonly alerts: FiringAlerts,
    private readonly quiet: Quiet,
  ) {}

  /** Adds the deliveries of an event in the transaction that handles it; the same event adds each only once. */
  async add<About>(
    tx: Transaction,
    eventId: string,
    subjects: readonly Subject<About>[],
    wording: Wording<About>,
  ): Promise<void> {
    const { routing } = this.channels;
    if (!routing) return;
    const quiet = await this.quiet.now();
    await this.alerts.record(
      tx,
      subjects.map(({ alert }) => alert),
    );
    for (const group of groupByRoute(routing, subjects)) {
      // What is silent now is worded by itself, for the case that it still fires when the silence ends.
      const isQuiet = ({ alert }: Subject<About>) => quiet.reasonFor(alert.labels) !== null;
      for (const some of [group.subjects.filter((each) => !isQuiet(each)), group.subjects.filter(isQuiet)]) {
        const deliveries =
          some.length === 0 ? [] : this.#worded(routing, eventId, { ...group, subjects: some }, wording);
        await this.#tell(tx, { ...group, subjects: some }, deliveries, quiet);
      }
    }
  }

  #worded<About>(
    routing: RoutingConfig,
    eventId: string,
    group: Group<About>,
    wording: Wording<About>,
  ): NewDelivery<Message>[] {
    const isNews = wording.isNews(group.subjects);
    // What was there before and still is concerns nobody anew, also where another group has news.
    if (!isNews && group.subjects.every(({ alert }) => alert.status === 'firing')) return [];
    const message = this.channels.reword(wording.message(group.subjects));
    return channelsFor(routing, group.receiver, isNews).map((channel) => deliveryOf(eventId, group, channel, message));
  }

  /** The same for a state of something that people were perhaps told of before: each channel hears of it once, whatever routes lead there. */
  async addState<About>(tx: Transaction, eventId: string, state: State<About>): Promise<void> {
    const { routing } = this.channels;
    if (!routing) return;
    const message = this.channels.reword(state.message);
    const quiet = await this.quiet.now();
    await this.alerts.record(tx, [state.alert]);
    const groups = groupByRoute(routing, [state]);
    const isNews = state.alert.status === 'firing';
    const routed = groups.flatMap((group) =>
      (routing.receivers.get(group.receiver)?.integrations ?? [])
        .filter((channel) => follows(channel) || (state.isForAll && (isNews || channel.config.sendResolved)))
        .map((channel) => ({ group, channel })),
    );
    const told = await this.#following(routing, state);
    const once = new Map([...told, ...routed].map((each) => [channelName(each.group.receiver, each.channel), each]));
    const alike = Map.groupBy(once.values(), ({ group: { receiver, route, groupKey }, channel }) =>
      JSON.stringify([receiver, route, groupKey, follows(channel)]),
    );
    for (const some of alike.values()) {
      const { group, channel } = some[0]!;
      await this.#tell(
        tx,
        { ...group, groupKey: `${group.groupKey}#${state.edition.subject}` },
        some.map((each) => deliveryOf(eventId, group, each.channel, message, state.edition)),
        quiet,
        follows(channel),
      );
    }
  }

  /** Who shows what it was told before, and must not go on showing it when the routes lead elsewhere by now. */
  async #following<About>(
    { receivers }: RoutingConfig,
    state: State<About>,
  ): Promise<{ group: Group<About>; channel: Integration }[]> {
    const told = await this.deliveries.toldOf(state.edition.subject);
    return told.flatMap(({ receiver, route, groupKey, groupLabels, ...before }) => {
      const channel = receivers
        .get(receiver)
        ?.integrations.find(({ kind, index }) => kind === before.channel && index === before.integration);
      const group = { receiver, route, match: null, groupKey, groupLabels, subjects: [state] };
      return channel && follows(channel) ? [{ group, channel }] : [];
    });
  }

  /** @param isShown whether the channel shows how things stand, and is not disturbed by hearing of it */
  async #tell<About>(
    tx: Transaction,
    group: Group<About>,
    deliveries: readonly NewDelivery<Message>[],
    quiet: QuietNow,
    isShown = false,
  ): Promise<void> {
    if (deliveries.length === 0) return;
    const { waitMs, heldFor } = await this.#wait(tx, group, quiet, isShown);
    const together: NewDelivery<Message>[] = [];
    for (const delivery of deliveries) {
      const storm = waitMs === 0 && !isShown ? await this.#storm(tx, delivery) : null;
      if (storm) await this.#add(tx, storm);
      else together.push(delivery);
    }
    await this.#add(tx, { deliveries: together, waitMs, heldFor });
  }

  /** For how long a group waits, and with what. */
  async #wait<About>(
    tx: Transaction,
    { receiver, match, groupKey, subjects }: Group<About>,
    quiet: QuietNow,
    isShown: boolean,
  ): Promise<Pick<Told, 'waitMs' | 'heldFor'>> {
    const digest = this.channels.routing?.receivers.get(receiver)?.digest ?? null;
    if (digest !== null) {
      const heldFor = `${receiver}${digestMark}`;
      await this.groups.enter(tx, heldFor);
      return { waitMs: digestWaitMs(digest, Date.now()), heldFor };
    }
    const heldFor = `${receiver}\n${groupKey}`;
    const quietMs = await this.groups.enter(tx, heldFor);
    const reasons = subjects.map(({ alert }) => quiet.reasonFor(alert.labels));
    if (match !== null && isMuted(match, Date.now())) return { waitMs: mutedMs, heldFor };
    if (reasons.every((reason) => reason !== null)) {
      return { waitMs: Math.min(...reasons.map((reason) => reason?.forMs ?? mutedMs)), heldFor };
    }
    return { waitMs: match === null || (isShown && quietMs !== null) ? 0 : groupWaitMs(match, quietMs), heldFor };
  }

  /** Where a channel has had so many messages that nobody reads them, the next ones become one. */
  async #storm(tx: Transaction, delivery: NewDelivery<Message>): Promise<Told | null> {
    if (forMachines.has(delivery.channel) || (await this.deliveries.givenLately(tx, delivery)) < stormSize) return null;
    const heldFor = `${delivery.receiver}\nstorm ${delivery.channel} ${delivery.integration}`;
    await this.groups.enter(tx, heldFor);
    return { deliveries: [delivery], waitMs: stormMs, heldFor };
  }

  async #add(tx: Transaction, { deliveries, waitMs, heldFor }: Told): Promise<void> {
    if (deliveries.length === 0) return;
    const ids = await this.deliveries.add(tx, deliveries, waitMs > 0 ? heldFor : null);
    if (ids.length === 0) return;
    if (waitMs > 0) return this.groups.wait(tx, heldFor, waitMs);
    await this.groups.told(tx, heldFor);
    await tx.enqueue(...ids.map((key) => ({ queue: 'delivery', key, class: 'interactive' as const })));
  }
}

function channelName(receiver: string, { kind, index }: Integration): string {
  return JSON.stringify([receiver, kind, index]);
}

function deliveryOf<About>(
  eventId: string,
  { receiver, route, groupKey, groupLabels, subjects }: Group<About>,
  { kind, index, config }: Integration,
  message: Message,
  edition: NewDelivery<Message>['edition'] = null,
): NewDelivery<Message> {
  const alerts = subjects.map(({ alert }) => alert).filter(({ status }) => status === 'firing' || config.sendResolved);
  return {
    eventId,
    receiver,
    channel: kind,
    integration: index,
    route,
    groupKey,
    groupLabels,
    alerts,
    message,
    edition,
  };
}
