import type { Alert, Labels } from '@tidewaiter/domain';

/** A message on its way to one receiver. `Message` is the notifier's own form; the store only keeps it. */
export interface NewDelivery<Message> {
  /** The event that caused it. */
  eventId: string;
  receiver: string;
  /** `slack`, `email`, `webhook`. */
  channel: string;
  /** Which of the receiver's configurations of that channel, from 0. */
  integration: number;
  /** Path of the route in routing.yaml. */
  route: string;
  groupKey: string;
  groupLabels: Labels;
  alerts: Alert[];
  message: Message;
  /** Where a message about a newer state of the same subject makes this one worthless: an incident, or a message that is corrected. */
  edition: { subject: string; revision: number } | null;
  /** The push that it reports; null of other messages. */
  pushId?: string | null;
  /** The delivery that it was made of: which somebody else is told of instead, or which is repeated. */
  origin?: { kind: 'fallback' | 'repetition'; id: string } | null;
  /** What the channel calls the message that this one repeats. */
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

/** One entry of the ledger: how a delivery was made, what became of its tries, and who did what about it. */
export interface DeliveryStep {
  at: Date;
  kind: 'made' | 'failed' | 'given-up' | 'redriven' | 'repeated' | 'sent' | 'superseded' | 'merged' | 'suppressed';
  /** Tries that were made until then. */
  attempt: number;
  code: string | null;
  reason: string | null;
  /** When the next try was to be. */
  nextAt: Date | null;
  /** Who wanted it; null where nobody did. */
  by: string | null;
}

/** A delivery that was made of another one. */
export type DerivedDelivery = Pick<Delivery<unknown>, 'id' | 'receiver' | 'channel' | 'state'> & {
  kind: 'fallback' | 'repetition';
};

/** A delivery with what it says, its ledger, and what was made of it. */
export interface DeliveryStory<Message>
  extends ListedDelivery, Pick<Delivery<Message>, 'alerts' | 'message' | 'edition'> {
  replyTo: string | null;
  steps: DeliveryStep[];
  derived: DerivedDelivery[];
}

/** What a channel was told of the subject of a delivery, by other deliveries. */
export interface DeliveryThread<Message> {
  /** The first message that is known to have arrived. */
  first: ToldMessage<Message> | null;
  /** The one about the newest state. */
  last: ToldMessage<Message> | null;
  /** Whether one may have arrived that we do not know of. */
  isInDoubt: boolean;
}

export interface ToldMessage<Message> {
  revision: number;
  reference: string | null;
  message: Message;
}

/**
 * How an attempt begins. `superseded`: the channel is told of a newer state of the subject, so the delivery has ended. `waits`: it is
 * being told of an older one at this moment. `ended`: there is nothing left to send.
 */
export type Begun<Message> =
  | { how: 'begun'; delivery: Delivery<Message>; thread: DeliveryThread<Message> | null }
  | { how: 'superseded' | 'waits' | 'ended' };

/** A delivery that its channel took. */
export interface TakenDelivery {
  id: string;
  /** The channel's own name for the message. */
  reference: string | null;
  /** Which recipients will never have it. */
  note: string | null;
}

/** A channel that was told of a subject, and by which route. */
export type ToldChannel = Pick<
  NewDelivery<unknown>,
  'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'groupLabels'
>;

/** The newest edition of a message about a push. */
export interface PushMessage<Message>
  extends ToldChannel, Pick<NewDelivery<Message>, 'alerts' | 'message'>, NonNullable<NewDelivery<Message>['edition']> {}

/** What became of a message about a subject. */
export interface AboutDelivery extends Pick<
  Delivery<unknown>,
  'id' | 'receiver' | 'channel' | 'state' | 'reason' | 'createdAt' | 'finishedAt'
> {
  revision: number;
}

/** A delivery that waits. */
export interface HeldDelivery<Message> extends Pick<
  NewDelivery<Message>,
  'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'alerts' | 'message'
> {
  id: string;
  subject: string | null;
  revision: number | null;
  pushId: string | null;
}

/** Deliveries that wait together, as far as one transaction reads them: the oldest first, and at least one. */
export interface HeldDeliveries<Message> {
  deliveries: HeldDelivery<Message>[];
  isMore: boolean;
}

/** A delivery without what it says. */
export interface ListedDelivery extends Omit<
  Delivery<unknown>,
  'alerts' | 'message' | 'edition' | 'replyTo' | 'origin'
> {
  alertCount: number;
  origin: { kind: 'fallback' | 'repetition'; id: string } | null;
}
