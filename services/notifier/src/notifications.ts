import { Injectable } from '@nestjs/common';
import type { Integration, RoutingConfig } from '@tidewaiter/routing';
import { Deliveries, type NewDelivery, type Transaction } from '@tidewaiter/store';

import { Channels } from './channels.js';
import type { Message } from './message.js';
import { follows } from './receivers/receivers.js';
import { channelsFor, type Group, groupByRoute, type Subject } from './routed.js';

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

/** Decides who is told what, and puts it into the ledger. */
@Injectable()
export class Notifications {
  constructor(
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
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
    const deliveries = groupByRoute(routing, subjects).flatMap((group): NewDelivery<Message>[] => {
      const isNews = wording.isNews(group.subjects);
      // What was there before and still is concerns nobody anew, also where another group has news.
      if (!isNews && group.subjects.every(({ alert }) => alert.status === 'firing')) return [];
      const message = wording.message(group.subjects);
      return channelsFor(routing, group.receiver, isNews).map((integration) =>
        deliveryOf(eventId, group, integration, message),
      );
    });
    await this.#add(tx, deliveries);
  }

  /** The same for a state of something that people were perhaps told of before: each channel hears of it once, whatever routes lead there. */
  async addState<About>(tx: Transaction, eventId: string, state: State<About>): Promise<void> {
    const { routing } = this.channels;
    if (!routing) return;
    const groups = groupByRoute(routing, [state]);
    const isNews = state.alert.status === 'firing';
    const routed = groups.flatMap((group) =>
      (routing.receivers.get(group.receiver)?.integrations ?? [])
        .filter((channel) => follows(channel) || (state.isForAll && (isNews || channel.config.sendResolved)))
        .map((channel) => ({ group, channel })),
    );
    const told = await this.#following(routing, state);
    const once = new Map([...told, ...routed].map((each) => [channelName(each.group.receiver, each.channel), each]));
    const deliveries = [...once.values()].map(({ group, channel }) =>
      deliveryOf(eventId, group, channel, state.message, state.edition),
    );
    await this.#add(tx, deliveries);
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
      const group = { receiver, route, groupKey, groupLabels, subjects: [state] };
      return channel && follows(channel) ? [{ group, channel }] : [];
    });
  }

  async #add(tx: Transaction, deliveries: readonly NewDelivery<Message>[]): Promise<void> {
    if (deliveries.length === 0) return;
    const ids = await this.deliveries.add(tx, deliveries);
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
