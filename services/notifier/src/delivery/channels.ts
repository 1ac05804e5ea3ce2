import type { OnApplicationShutdown } from '@nestjs/common';
import { InvalidInput, NotYet } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';
import { type Message, Templates } from '@tidewaiter/messages';
import { find, type Outcome, type OutgoingMessage, send } from '@tidewaiter/receivers';
import type { Integration, RoutingConfig } from '@tidewaiter/routing';
import type { Logger } from '@tidewaiter/runtime';

import { ChannelCircuitBreaker } from './channel-circuit-breaker.js';

/** Interval at which waiting messages look for the files of the routing. */
const unreadRetryMs = 15_000;

/** Wording of messages, and the logger for templates that fail. */
interface Words {
  templates: Templates;
  logger?: Logger;
  /** Whether an endpoint receives interactions with Slack buttons. */
  hasSlackButtons?: boolean;
  /** Whether files of the routing could not be read: then its messages wait. */
  isUnread?: boolean;
}

/** Sends to the channels of routing.yaml, behind a circuit breaker for each. */
export class Channels implements OnApplicationShutdown {
  readonly #stopping = new AbortController();
  readonly #guard = new ChannelCircuitBreaker();

  constructor(
    /** Null without a routing.yaml: then no message is sent. */
    readonly routing: RoutingConfig | null,
    private readonly egress: Egress,
    /** Address of the console, for links. */
    readonly consoleUrl: string,
    readonly concurrency: number,
    private readonly words: Words = { templates: new Templates() },
  ) {}

  /** Applies the operator's templates to a message. */
  reword(message: Message): Message {
    const { templates, logger } = this.words;
    return templates.reword(message, (reason) => logger?.warn({ reason }, 'template failed'));
  }

  /**
   * @throws as `Receiver.send`, and InvalidInput `RECEIVER_UNKNOWN` when routing.yaml has lost the
   * receiver.
   */
  async send(channel: string, integration: number, delivery: OutgoingMessage): Promise<Outcome> {
    const target = this.#target(delivery.receiver, channel, integration);
    const call = async () => send(target, delivery, this.#context());
    return this.#guard.run(nameOf(channel, integration, delivery), call);
  }

  /**
   * Looks up whether an unconfirmed delivery arrived; null when it did not, or the channel cannot
   * be asked.
   */
  async find(channel: string, integration: number, delivery: OutgoingMessage): Promise<Outcome | null> {
    const target = this.#target(delivery.receiver, channel, integration);
    const call = async () => find(target, delivery, this.#context());
    return this.#guard.run(nameOf(channel, integration, delivery), call);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await this.egress.close();
  }

  #context() {
    const { hasSlackButtons = false } = this.words;
    return { egress: this.egress, signal: this.#stopping.signal, hasSlackButtons };
  }

  /** @throws NotYet `ROUTING_UNREADABLE`; as {@link integration} */
  #target(receiver: string, channel: string, index: number): Integration {
    if (this.words.isUnread)
      throw new NotYet('ROUTING_UNREADABLE', 'files of the routing cannot be read', { retryAfterMs: unreadRetryMs });
    return this.integration(receiver, channel, index);
  }

  /** @throws InvalidInput `RECEIVER_UNKNOWN` when routing.yaml has lost the channel. */
  integration(receiver: string, channel: string, index: number): Integration {
    const { integrations = [], uploads = [] } = this.routing?.receivers.get(receiver) ?? {};
    const found = [...integrations, ...uploads].find((each) => each.kind === channel && each.index === index);
    if (!found)
      throw new InvalidInput(
        'RECEIVER_UNKNOWN',
        `routing.yaml has no ${channel} number ${index} in receiver ${receiver}`,
      );
    return found;
  }
}

function nameOf(channel: string, integration: number, { receiver }: OutgoingMessage): string {
  return `${channel} number ${integration} of ${receiver}`;
}
