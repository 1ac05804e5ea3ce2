import { randomUUID } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import type { Message } from '@tidewaiter/messages';
import { type AlertSubject, type Group, groupByRoute, type Integration } from '@tidewaiter/routing';
import {
  AlertGroups,
  Deliveries,
  type NewDelivery,
  type PushMessage,
  type Transaction,
  jobsOf,
} from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';

/** Identities of alerts by the name of the channel whose messages no longer report them. */
export type CorrectedAlerts = ReadonlyMap<string, ReadonlySet<string>>;

/** Push whose messages are no longer true. */
export interface Correction<About> {
  pushId: string;
  /** ISO 8601. */
  at: string;
  /** All current and ended subjects of the push. */
  subjects: readonly AlertSubject<About>[];
  /** Subjects that were announced and have ended. */
  over: readonly AlertSubject<About>[];
  message(
    sent: PushMessage<Message>,
    left: readonly AlertSubject<About>[],
    over: readonly AlertSubject<About>[],
  ): Message;
}

/** Corrects messages about pushes in the channels that can edit sent messages. */
@Injectable()
export class MessageCorrections {
  constructor(
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
    private readonly groups: AlertGroups,
  ) {}

  /**
   * Corrects the messages about a push in the channels that can edit them; returns the alerts about
   * which those channels need no new message. A pending message is replaced; a held one is rendered
   * when it is flushed.
   */
  async correct<About>(tx: Transaction, correction: Correction<About>): Promise<CorrectedAlerts> {
    const corrected = new Map<string, Set<string>>();
    const { routing } = this.channels;
    if (!routing || correction.over.length === 0) return corrected;
    const { pushId } = correction;
    const over = new Set(correction.over.map(({ alert }) => alert.identity));
    // A sender locks its group until the messages are on their way.
    for (const group of await this.deliveries.waitingOf(tx, pushId)) await this.groups.enter(tx, group);
    const groups = groupByRoute(routing, correction.subjects);
    const editions: NewDelivery<Message>[] = [];
    for (const sent of await this.deliveries.ofPush<Message>(tx, pushId)) {
      const gone = sent.alerts.filter(({ status, identity }) => status === 'firing' && over.has(identity));
      const channel = routing.receivers
        .get(sent.receiver)
        ?.integrations.find(({ kind, index }) => kind === sent.channel && index === sent.integration);
      if (gone.length === 0 || !channel || !channel.follows) continue;
      editions.push(this.#corrected(sent, groups, correction));
      const name = channelName(sent.receiver, channel);
      corrected.set(name, new Set([...(corrected.get(name) ?? []), ...gone.map(({ identity }) => identity)]));
    }
    const ids = await this.deliveries.add(tx, editions);
    await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
    return corrected;
  }

  /** Builds the next edition of a message: its alerts that still hold, and those that ended. */
  #corrected<About>(
    sent: PushMessage<Message>,
    groups: readonly Group<About>[],
    { pushId, at, subjects, over, message }: Correction<About>,
  ): NewDelivery<Message> {
    const firing = firingIn(sent);
    const gone = over.filter(({ alert }) => firing.has(alert.identity));
    const ended = new Set(gone.map(({ alert }) => alert.identity));
    const { subject, revision, ...place } = sent;
    return {
      ...place,
      // One event may correct several messages of a group.
      eventId: randomUUID(),
      alerts: sent.alerts.map((alert) =>
        ended.has(alert.identity) ? { ...alert, status: 'resolved', endsAt: at } : alert,
      ),
      message: this.channels.reword(message(sent, leftOf(sent, subjects, groups), gone)),
      cause: ['correction', subject, revision + 1],
      edition: { subject, revision: revision + 1 },
      pushId,
    };
  }
}

/**
 * Returns the subjects of a message about a push that still hold, with those that the push ended in
 * the same group.
 * @param subjects all current subjects of the push
 * @param groups the same subjects, grouped by the routes
 */
export function leftOf<About>(
  sent: Pick<NewDelivery<Message>, 'receiver' | 'groupKey' | 'alerts'>,
  subjects: readonly AlertSubject<About>[],
  groups: readonly Group<About>[],
): AlertSubject<About>[] {
  const firing = firingIn(sent);
  const own = groups.find(({ receiver, groupKey }) => receiver === sent.receiver && groupKey === sent.groupKey);
  const wasSent = ({ alert }: AlertSubject<About>) => firing.has(alert.identity);
  return [
    ...subjects.filter((each) => each.alert.status === 'firing' && wasSent(each)),
    ...(own?.subjects ?? []).filter((each) => each.alert.status === 'resolved' && !wasSent(each)),
  ];
}

function firingIn({ alerts }: Pick<NewDelivery<Message>, 'alerts'>): Set<string> {
  return new Set(alerts.filter(({ status }) => status === 'firing').map(({ identity }) => identity));
}

/** Names one channel of a receiver. */
export function channelName(receiver: string, { kind, index }: Integration): string {
  return JSON.stringify([receiver, kind, index]);
}
