import type { Alert, Labels } from '@tidewaiter/domain';

/** A message on its way to one receiver. `Message` is the notifier's own form; the store only keeps it. */
export interface NewDelivery<Message> {
  /** The event that caused it. */
  eventId: string;
  receiver: string;
  /** `slack`, `email`, `webhook`. */
  channel: string;
  /** Index, from 0, among the receiver's configurations of that channel. */
  integration: number;
  /** Path of the route in routing.yaml. */
  route: string;
  groupKey: string;
  groupLabels: Labels;
  alerts: Alert[];
  message: Message;
  /** State of a subject (an incident, or a message that is corrected) that a message about a newer state supersedes. */
  edition: { subject: string; revision: number } | null;
  /** The push that it reports; null of other messages. */
  pushId?: string | null;
  /** Delivery that it was derived from: it failed and falls back to this one, or is repeated by it. */
  origin?: { kind: 'fallback' | 'repetition'; id: string } | null;
  /** Channel's reference of the message that this one repeats. */
  replyTo?: string | null;
}

export interface Delivery<Message> extends NewDelivery<Message> {
  id: string;
  state: 'held' | 'pending' | 'sending' | 'retrying' | 'sent' | 'superseded' | 'merged' | 'suppressed' | 'failed';
  attempt: number;
  /** Recipients that have it already, of a message to several. */
  reached: string[];
  /** The channel's own name for the message: a Slack timestamp, a Message-ID. */
  reference: string | null;
  code: string | null;
  reason: string | null;
  createdAt: Date;
  nextAt: Date | null;
  finishedAt: Date | null;
}

/** One entry of a delivery's ledger: its creation, a failed try, a redrive or repetition, or its end. */
export interface DeliveryStep {
  at: Date;
  kind: 'made' | 'failed' | 'given-up' | 'redriven' | 'repeated' | 'sent' | 'superseded' | 'merged' | 'suppressed';
  /** Tries that were made until then. */
  attempt: number;
  code: string | null;
  reason: string | null;
  /** Time of the next try, as planned. */
  nextAt: Date | null;
  /** User who requested it; null for automatic steps. */
  by: string | null;
}

/** A delivery derived from another one. */
export type DerivedDelivery = Pick<Delivery<unknown>, 'id' | 'receiver' | 'channel' | 'state'> & {
  kind: 'fallback' | 'repetition';
};

/** A delivery with its message, its ledger, and the deliveries derived from it. */
export interface DeliveryStory<Message>
  extends ListedDelivery, Pick<Delivery<Message>, 'alerts' | 'message' | 'edition'> {
  replyTo: string | null;
  steps: DeliveryStep[];
  derived: DerivedDelivery[];
}

/** Other messages to the channel about the subject of a delivery. */
export interface DeliveryThread<Message> {
  /** The first message that is known to have arrived. */
  first: SentMessage<Message> | null;
  /** The one about the newest state. */
  last: SentMessage<Message> | null;
  /** Whether an unconfirmed message may have arrived. */
  isInDoubt: boolean;
}

export interface SentMessage<Message> {
  revision: number;
  reference: string | null;
  message: Message;
}

/**
 * Outcome of beginning an attempt. `superseded`: the channel gets a newer state of the subject, so
 * the delivery has ended. `waits`: an older state is being sent right now. `ended`: nothing is left
 * to send.
 */
export type DeliveryStart<Message> =
  | { how: 'begun'; delivery: Delivery<Message>; thread: DeliveryThread<Message> | null }
  | { how: 'superseded' | 'waits' | 'ended' };

/** A delivery that its channel accepted. */
export interface TakenDelivery {
  id: string;
  /** The channel's own name for the message. */
  reference: string | null;
  /** Note about recipients that will never get it. */
  note: string | null;
}

/** A channel that has deliveries about a subject, with their route. */
export type SubjectChannel = Pick<
  NewDelivery<unknown>,
  'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'groupLabels'
>;

/** The newest edition of a message about a push. */
export interface PushMessage<Message>
  extends
    SubjectChannel,
    Pick<NewDelivery<Message>, 'alerts' | 'message'>,
    NonNullable<NewDelivery<Message>['edition']> {}

/** Outcome of a message about a subject. */
export interface AboutDelivery extends Pick<
  Delivery<unknown>,
  'id' | 'receiver' | 'channel' | 'state' | 'reason' | 'createdAt' | 'finishedAt'
> {
  revision: number;
}

/** A held delivery. */
export interface HeldDelivery<Message> extends Pick<
  NewDelivery<Message>,
  'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'alerts' | 'message'
> {
  id: string;
  subject: string | null;
  revision: number | null;
  pushId: string | null;
}

/** Held deliveries of one group, up to the limit of a transaction: the oldest first, and at least one. */
export interface HeldDeliveries<Message> {
  deliveries: HeldDelivery<Message>[];
  isMore: boolean;
}

/** A delivery without its message. */
export interface ListedDelivery extends Omit<
  Delivery<unknown>,
  'alerts' | 'message' | 'edition' | 'replyTo' | 'origin'
> {
  alertCount: number;
  origin: { kind: 'fallback' | 'repetition'; id: string } | null;
}
