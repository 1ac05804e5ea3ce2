import type { DeliveryCause } from './delivery-id.js';
import type { DeliveryOrigin, DeliveryRow, DeliveryStepRow, endedDeliveryStates } from './delivery-rows.js';

/** Delivery that another one was derived from, and why. */
export interface DeliverySource {
  kind: DeliveryOrigin;
  id: string;
}

/**
 * A message on its way to one receiver. `Message` is the notifier's own form; the store only keeps
 * it.
 */
export interface NewDelivery<Message> extends Pick<
  DeliveryRow,
  'eventId' | 'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'groupLabels' | 'alerts'
> {
  message: Message;
  /** Fact that it reports; its id is derived from it. */
  cause: DeliveryCause;
  /**
   * State of a subject (an incident, or a message that is corrected) that a message about a newer
   * state supersedes. `own`: the first state of the message itself.
   */
  edition: { subject: string; revision: number } | 'own' | null;
  /** The push that it reports; null of other messages. */
  pushId?: string | null;
  /**
   * Delivery that it was derived from: it failed and falls back to this one, or is repeated by it.
   */
  origin?: DeliverySource | null;
  /** Channel's reference of the message that this one repeats. */
  replyTo?: string | null;
}

export interface Delivery<Message>
  extends
    Omit<NewDelivery<Message>, 'cause' | 'edition'>,
    Pick<
      DeliveryRow,
      'id' | 'state' | 'attempt' | 'reached' | 'reference' | 'code' | 'reason' | 'createdAt' | 'nextAt' | 'finishedAt'
    > {
  edition: { subject: string; revision: number } | null;
}

/**
 * One entry of a delivery's ledger: its creation, a failed try, a redrive or repetition, or its
 * end.
 */
export interface DeliveryStep extends Pick<DeliveryStepRow, 'attempt' | 'code' | 'reason' | 'nextAt'> {
  at: Date;
  kind: 'made' | DeliveryStepRow['kind'] | (typeof endedDeliveryStates)[number];
  /** User who requested it; null for automatic steps. */
  by: string | null;
}

/** A delivery derived from another one. */
export type DerivedDelivery = Pick<Delivery<unknown>, 'id' | 'receiver' | 'channel' | 'state'> & {
  kind: DeliveryOrigin;
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
  | {
      how: 'begun';
      delivery: Delivery<Message>;
      thread: DeliveryThread<Message> | null;
      /** Whether the channel may have the message although nothing here says so. */
      isInDoubt: boolean;
    }
  | { how: 'superseded' | 'waits' | 'ended' };

/** A delivery that its channel accepted. */
export interface TakenDelivery extends Pick<DeliveryRow, 'id' | 'reference'> {
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
  extends SubjectChannel, Pick<NewDelivery<Message>, 'alerts' | 'message'>, NonNullable<Delivery<Message>['edition']> {}

/** Outcome of a message about a subject. */
export interface AboutDelivery extends Pick<
  Delivery<unknown>,
  'id' | 'receiver' | 'channel' | 'state' | 'reason' | 'createdAt' | 'finishedAt'
> {
  revision: number;
}

/** A held delivery. */
export interface HeldDelivery<Message>
  extends
    Pick<NewDelivery<Message>, 'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'alerts' | 'message'>,
    Pick<DeliveryRow, 'id' | 'subject' | 'revision' | 'pushId'> {}

/**
 * Held deliveries of one group, up to the limit of a transaction: the oldest first, and at least
 * one.
 */
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
  origin: DeliverySource | null;
}
