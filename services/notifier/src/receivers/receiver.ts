import { Unavailable, type Alert, type Labels } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import type { ChannelConfigs } from '@tidewaiter/routing';
import type { DeliveryThread } from '@tidewaiter/store';

/** One message on its way to one receiver. */
export interface Delivery {
  /** UUID, the same on every attempt: what a receiver uses to recognise a repetition. */
  id: string;
  groupKey: string;
  groupLabels: Labels;
  alerts: Alert[];
  message: Message;
  /** 1 on the first try. */
  attempt: number;
  /** Recipients that an earlier attempt reached, as its `PartlySent` said. */
  reached: string[];
  /** Name of the receiver in routing.yaml. */
  receiver: string;
  /** Where people find this Tidewaiter: the console's URL. */
  externalUrl: string;
  /** Of a message that tells a state of something that goes on, or that can be corrected. */
  edition: Edition | null;
  /** The channel's own name for the message that this one repeats; null of what is new. */
  replyTo?: string | null;
}

/** Which state of what a message tells, and what this channel was told of it before. */
export interface Edition {
  /** Id of the incident; of a push, a name of the message itself. */
  subject: string;
  revision: number;
  thread: DeliveryThread<Message>;
}

export interface SendContext {
  egress: Egress;
  /** Aborted when the process stops. */
  signal: AbortSignal;
  /** Whether somebody hears when a button in Slack is pressed. */
  hasSlackButtons?: boolean;
}

export interface Outcome {
  outcome: 'sent';
  /** The channel's own name for the message: Slack's `ts`, a Message-ID. */
  reference: string | null;
  /** Recipients that will never get it, each with the server's reason; the others have it. */
  refused: string[];
  /** What became of it, where that was not the usual. */
  note?: string;
}

/** What routing.yaml says of each kind of channel. */
export type Configs = ChannelConfigs;

export type Kind = keyof Configs;

/** Lays out a message for one kind of channel and sends it. Retries, ledger and rate limits are the notifier's work. */
export interface Receiver<K extends Kind> {
  kind: K;
  /**
   * Sends once.
   * @throws Unavailable when it was certainly not sent and may be later, with the channel's own `retryAfterMs` where it gave one.
   * @throws PartlySent
   * @throws OutcomeUnknown
   * @throws AccessDenied when the channel does not take our credentials.
   * @throws InvalidInput when the channel will never take this message.
   */
  send(config: Configs[K], delivery: Delivery, context: SendContext): Promise<Outcome>;
  /** Asks the channel whether an earlier attempt of this delivery arrived; null when it shows no trace of it. Few channels can tell. */
  find?(config: Configs[K], delivery: Delivery, context: SendContext): Promise<Outcome | null>;
  /** Whether the channel shows how things stand, so that it wants to know of every change; the others hear of what matters anew. */
  follows?(config: Configs[K]): boolean;
}

/** Declares a receiver; the kind decides which configuration it gets. */
export function receiver<K extends Kind>(definition: Receiver<K>): Receiver<K> {
  return definition;
}

/**
 * The connection broke or fell silent after the message had left: the channel may have it. Retrying may double it, unless the
 * receiver's `find` sees it or the channel recognises the delivery's id.
 */
export class OutcomeUnknown extends Unavailable {
  constructor(message: string, cause: unknown, wait: { retryAfterMs?: number } = {}) {
    super('DELIVERY_UNCONFIRMED', message, {
      cause,
      ...(cause instanceof Unavailable && { retryAfterMs: cause.retryAfterMs }),
      ...wait,
    });
  }
}

/** Some recipients have it, others may get it later. The next attempt gets `reached` with its delivery, and leaves those out. */
export class PartlySent extends Unavailable {
  constructor(
    readonly reached: string[],
    message: string,
  ) {
    super('DELIVERY_PARTLY_SENT', message);
  }
}
