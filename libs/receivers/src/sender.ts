import { type Alert, type Finding, type Labels, Unavailable } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import type { ChannelConfig } from '@tidewaiter/routing';

/** One message on its way to one receiver. */
export interface OutgoingMessage {
  /** UUID that stays the same on every attempt, so that a receiver can detect a duplicate. */
  id: string;
  groupKey: string;
  groupLabels: Labels;
  alerts: Alert[];
  message: Message;
  /** 1 on the first try. */
  attempt: number;
  /** Recipients that an earlier attempt reached, from its `PartlySent`. */
  reached: string[];
  /** Name of the receiver in routing.yaml. */
  receiver: string;
  /** URL of the console. */
  externalUrl: string;
  /** Set for a message about a state of a continuing subject, or one that can be corrected. */
  edition: Edition | null;
  /** Files that belong to the message; only e-mail carries them, the others have a link. */
  attachments?: readonly Attachment[];
  /** Set for channels that get images; without it they try their credentials. */
  image?: OutgoingImage;
  /** Reference in the channel of the message that this one repeats; null for a new message. */
  replyTo?: string | null;
}

/** An image for channels that get images. */
export interface OutgoingImage {
  /** Repository with its registry. */
  name: string;
  /** Tag; the digest of a push without one. */
  version: string;
  digest: string;
  /** Revision of its sources. */
  revision: string | null;
  /** ISO 8601. */
  analyzedAt: string;
  /** Bill of materials in CycloneDX. */
  bom: string;
  findings: readonly (Finding & { kev: boolean; epss: number | null })[];
}

export interface Attachment {
  name: string;
  /** Media type: `text/csv`. */
  mediaType: string;
  content: Buffer;
}

/** State that a message reports, and the earlier messages about its subject in this channel. */
export interface Edition {
  /** Id of the incident; for a push, a name of the message itself. */
  subject: string;
  revision: number;
  thread: MessageThread;
}

/** Earlier messages about a subject in one channel. */
export interface MessageThread {
  /** The first message that is known to have arrived. */
  first: EarlierMessage | null;
  /** The one about the newest state. */
  last: EarlierMessage | null;
  /** Whether an unconfirmed message may have arrived. */
  isInDoubt: boolean;
}

export interface EarlierMessage {
  revision: number;
  reference: string | null;
  message: Message;
}

export interface SendContext {
  egress: Egress;
  /** Aborted when the process stops. */
  signal: AbortSignal;
  /** Whether an endpoint receives interactions with Slack buttons. */
  hasSlackButtons?: boolean;
}

export interface Outcome {
  outcome: 'sent';
  /** Reference of the message in the channel: Slack's `ts`, a Message-ID. */
  reference: string | null;
  /** Recipients that will never get it, each with the server's reason; the others have it. */
  refused: string[];
  /** Describes an unusual outcome. */
  note?: string;
}

/** Sends messages to one kind of channel. The notifier handles retries, records and rate limits. */
export interface ChannelSender<Config extends ChannelConfig> {
  /**
   * Sends once.
   * @throws Unavailable when it was certainly not sent and may be later, with the channel's own
   * `retryAfterMs` where it gave one.
   * @throws PartlySent
   * @throws OutcomeUnknown
   * @throws AccessDenied when the channel does not take our credentials.
   * @throws InvalidInput when the channel will never take this message.
   */
  send(config: Config, delivery: OutgoingMessage, context: SendContext): Promise<Outcome>;
  /**
   * Looks up whether an earlier attempt of this delivery arrived; null when the channel has no
   * trace of it. Few channels can answer that.
   */
  find?(config: Config, delivery: OutgoingMessage, context: SendContext): Promise<Outcome | null>;
}

/**
 * The connection broke or timed out after the message was sent: the channel may have it. A retry
 * may duplicate it, unless the receiver's `find` sees it or the channel recognizes the delivery id.
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

/**
 * Some recipients have the message, others may get it later. The next attempt gets `reached` with
 * its delivery and skips those.
 */
export class PartlySent extends Unavailable {
  constructor(
    readonly reached: string[],
    message: string,
  ) {
    super('DELIVERY_PARTLY_SENT', message);
  }
}
