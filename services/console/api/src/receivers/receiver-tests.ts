import { randomUUID } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { type Message, testAlert, testMessage } from '@tidewaiter/messages';
import { parseManagedRouting } from '@tidewaiter/receivers';
import { ChannelHealths, Deliveries, jobsOf, ManagedEntries, type NewDelivery, Store } from '@tidewaiter/store';

import { MessageWords } from '../messages/messages.controller.js';

interface Channel {
  channel: string;
  integration: number;
}

/** Sends samples to the channels of receivers, on the way of all messages. */
@Injectable()
export class ReceiverTests {
  constructor(
    private readonly store: Store,
    private readonly entries: ManagedEntries,
    private readonly healths: ChannelHealths,
    private readonly deliveries: Deliveries,
    private readonly words: MessageWords,
  ) {}

  /**
   * Adds one message for each channel of a receiver.
   * @returns their ids, by which they are followed
   * @throws InvalidInput `RECEIVER_UNKNOWN`
   */
  async send(receiver: string, by: string): Promise<string[]> {
    const channels = await this.#channelsOf(receiver);
    if (channels.length === 0)
      throw new InvalidInput('RECEIVER_UNKNOWN', `no channel of the receiver ${receiver} is known`);
    const message = this.words.templates.reword(testMessage(by, this.words.consoleUrl));
    const added = channels.map((channel) => deliveryOf(receiver, channel, message));
    return this.store.transaction(async (tx) => {
      const ids = await this.deliveries.add(tx, added);
      await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
      tx.record({ subject: receiver, before: null, after: { deliveries: ids } });
      return ids;
    });
  }

  /** By the managed routing; of receivers of a routing.yaml the channels that got messages. */
  async #channelsOf(receiver: string): Promise<Channel[]> {
    const routing = await this.entries.get('routing', 'routing');
    const { text } = routing?.document ?? {};
    const managed = typeof text === 'string' ? parseManagedRouting(text).receivers.get(receiver) : undefined;
    if (managed)
      return [...managed.integrations, ...managed.uploads].map(({ kind, index }) => ({
        channel: kind,
        integration: index,
      }));
    return (await this.healths.list()).filter((health) => health.receiver === receiver);
  }
}

function deliveryOf(receiver: string, { channel, integration }: Channel, message: Message): NewDelivery<Message> {
  const id = randomUUID();
  const alert = testAlert(id, new Date());
  return {
    ...{ eventId: id, cause: ['test', id], receiver, channel, integration, route: 'test', edition: null },
    ...{ groupKey: `test/${id}`, groupLabels: {}, alerts: [alert], message },
  };
}
