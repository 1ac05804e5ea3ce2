import { Injectable } from '@nestjs/common';
import type { Alert, Labels } from '@tidewaiter/domain';
import { currentTraceparent } from '@tidewaiter/runtime';
import { v7 as uuidv7 } from 'uuid';

import { GroupCommit } from './group-commit.js';
import { type Page, pageOf, type PageRequest } from './page.js';
import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

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
  /** Where a message about a newer state of the same subject makes this one worthless. */
  edition: { subject: string; revision: number } | null;
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

interface Attempt {
  id: string;
  attempt: number;
}

/** A channel that was told of a subject, and by which route. */
export type ToldChannel = Pick<
  NewDelivery<unknown>,
  'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'groupLabels'
>;

/** What became of a message about a subject. */
export interface AboutDelivery extends Pick<
  Delivery<unknown>,
  'id' | 'receiver' | 'channel' | 'state' | 'reason' | 'createdAt' | 'finishedAt'
> {
  revision: number;
}

/** How a channel of a receiver took what it was given lately. */
export interface ChannelHealth {
  receiver: string;
  channel: string;
  integration: number;
  /** `failing` where its newest message that ended was given up, or one is tried again. */
  state: 'ok' | 'failing';
  sent: number;
  failed: number;
  waiting: number;
  lastSentAt: Date | null;
  lastFailure: { code: string | null; reason: string | null; at: string } | null;
}

/** A delivery that waits. */
export interface HeldDelivery<Message> extends Pick<
  NewDelivery<Message>,
  'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'alerts' | 'message'
> {
  id: string;
  subject: string | null;
  revision: number | null;
}

/** A delivery without what it says. */
export interface ListedDelivery extends Omit<Delivery<unknown>, 'alerts' | 'message' | 'edition'> {
  alertCount: number;
}

const columns = `id, event_id AS "eventId", receiver, channel, integration, route, group_key AS "groupKey", group_labels AS "groupLabels",
  jsonb_array_length(alerts) AS "alertCount", state, attempt, reached, reference, reply_to AS "replyTo", code, reason, created_at AS "createdAt", next_at AS "nextAt", finished_at AS "finishedAt"`;

const contents = `alerts, message,
  CASE WHEN subject IS NOT NULL THEN jsonb_build_object('subject', subject, 'revision', revision) END AS edition`;

/** Attempts share a transaction when several begin at once; what waits is bounded by what is sent at once. */
const beginLimits = { concurrency: 1, batchBytes: Infinity, waitingBytes: Infinity, timeoutMs: 10_000 };

/** The ledger of messages: what was sent to whom, and what became of it. */
@Injectable()
export class Deliveries {
  readonly #attempts = new GroupCommit(async (attempts: readonly Attempt[]) => this.#begin(attempts), beginLimits);

  constructor(private readonly store: Store) {}

  /**
   * Adds deliveries; answers the ids of those that are new. The same event adds each only once.
   * @param heldFor the group with which they wait; null where they go out at once
   */
  async add<Message>(
    tx: Transaction,
    deliveries: readonly NewDelivery<Message>[],
    heldFor: string | null = null,
  ): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(
      `INSERT INTO delivery (id, event_id, receiver, channel, integration, route, group_key, group_labels, alerts, message, traceparent,
         subject, revision, reply_to, state, held_for)
       SELECT id, "eventId", receiver, channel, integration, route, "groupKey", "groupLabels", alerts, message, $2,
         edition->>'subject', (edition->>'revision')::int, "replyTo", CASE WHEN $3::text IS NULL THEN 'pending' ELSE 'held' END, $3
       FROM jsonb_to_recordset($1) AS row (id uuid, "eventId" uuid, receiver text, channel text, integration int, route text,
         "groupKey" text, "groupLabels" jsonb, alerts jsonb, message jsonb, edition jsonb, "replyTo" text)
       ON CONFLICT DO NOTHING RETURNING id`,
      [json(deliveries.map((delivery) => ({ ...delivery, id: uuidv7() }))), currentTraceparent() ?? null, heldFor],
    );
    return rows.map(({ id }) => id);
  }

  /** Those that wait with a group, oldest first. */
  async held<Message>(tx: Transaction, heldFor: string): Promise<HeldDelivery<Message>[]> {
    return tx.query<HeldDelivery<Message>>(
      `SELECT id, receiver, channel, integration, route, group_key AS "groupKey", alerts, message, subject, revision FROM delivery
       WHERE state = 'held' AND held_for = $1 ORDER BY id`,
      [heldFor],
    );
  }

  /**
   * Lets a delivery go that was held, with what it says by now.
   * @param isOfMany whether it says more than how its own subject stands, so that it is no state of that
   */
  async release(
    tx: Transaction,
    id: string,
    { alerts, message, isOfMany = false }: { alerts: readonly Alert[]; message: unknown; isOfMany?: boolean },
  ): Promise<void> {
    await tx.query(
      `UPDATE delivery SET state = 'pending', alerts = $2, message = $3,
         subject = CASE WHEN $4 THEN NULL ELSE subject END, revision = CASE WHEN $4 THEN NULL ELSE revision END
       WHERE id = $1 AND state = 'held'`,
      [id, json(alerts), json(message), isOfMany],
    );
  }

  /** Ends deliveries that were held: another one says the same, or there is nothing to say any more. */
  async drop(
    tx: Transaction,
    ids: readonly string[],
    state: 'merged' | 'suppressed' | 'superseded',
    reason: string,
  ): Promise<void> {
    await tx.query(
      `UPDATE delivery SET state = $2, reason = $3, finished_at = now() WHERE id = ANY($1) AND state = 'held'`,
      [ids, state, reason],
    );
  }

  /** How many messages a channel was given within the last minute. */
  async givenLately(
    tx: Transaction,
    { receiver, channel, integration }: Pick<NewDelivery<unknown>, 'receiver' | 'channel' | 'integration'>,
  ): Promise<number> {
    const [row] = await tx.query<{ given: number }>(
      `SELECT count(*)::int AS given FROM delivery WHERE (receiver, channel, integration) = ($1, $2, $3)
         AND created_at > now() - interval '1 minute' AND state NOT IN ('held', 'merged', 'suppressed')`,
      [receiver, channel, integration],
    );
    return row?.given ?? 0;
  }

  async get<Message>(id: string): Promise<(Delivery<Message> & ListedDelivery) | null> {
    const [delivery] = await this.store.query<Delivery<Message> & ListedDelivery>(
      `SELECT ${columns}, ${contents} FROM delivery WHERE id = $1`,
      [id],
    );
    return delivery ?? null;
  }

  /** Newest first. */
  async list({ limit, after }: PageRequest): Promise<Page<ListedDelivery>> {
    const rows = await this.store.query<ListedDelivery>(
      `SELECT ${columns} FROM delivery WHERE $2::uuid IS NULL OR id < $2
       ORDER BY id DESC LIMIT $1`,
      [limit + 1, after ?? null],
    );
    return pageOf(rows, limit);
  }

  /** How each channel took what it was given within the last week. */
  async health(): Promise<ChannelHealth[]> {
    return this.store.query<ChannelHealth>(
      `WITH lately AS (SELECT * FROM delivery WHERE created_at > now() - interval '7 days')
       SELECT receiver, channel, integration,
         CASE WHEN bool_or(state = 'retrying') OR max(finished_at) FILTER (WHERE state = 'failed') > coalesce(max(finished_at) FILTER (WHERE state = 'sent'), '-infinity')
           THEN 'failing' ELSE 'ok' END AS state,
         count(*) FILTER (WHERE state = 'sent')::int AS sent, count(*) FILTER (WHERE state = 'failed')::int AS failed,
         count(*) FILTER (WHERE state IN ('held', 'pending', 'sending', 'retrying'))::int AS waiting,
         max(finished_at) FILTER (WHERE state = 'sent') AS "lastSentAt",
         (SELECT jsonb_build_object('code', code, 'reason', reason, 'at', coalesce(finished_at, created_at)) FROM lately AS failure
          WHERE (failure.receiver, failure.channel, failure.integration) = (lately.receiver, lately.channel, lately.integration)
            AND failure.state IN ('failed', 'retrying') ORDER BY failure.id DESC LIMIT 1) AS "lastFailure"
       FROM lately GROUP BY receiver, channel, integration ORDER BY receiver, channel, integration`,
    );
  }

  /** The messages about a subject, oldest first. */
  async about(subject: string): Promise<AboutDelivery[]> {
    return this.store.query<AboutDelivery>(
      `SELECT id, revision, receiver, channel, state, reason, created_at AS "createdAt", finished_at AS "finishedAt"
       FROM delivery WHERE subject = $1 ORDER BY id LIMIT 1000`,
      [subject],
    );
  }

  /** The channels that were told of a subject. */
  async toldOf(subject: string): Promise<ToldChannel[]> {
    return this.store.query<ToldChannel>(
      `SELECT DISTINCT ON (receiver, channel, integration) receiver, channel, integration, route, group_key AS "groupKey",
         group_labels AS "groupLabels"
       FROM delivery WHERE subject = $1 AND state NOT IN ('failed', 'suppressed') ORDER BY receiver, channel, integration, id DESC`,
      [subject],
    );
  }

  /** Notes that an attempt begins. If we die in it, the next one knows that the channel may have the message. */
  async begin<Message>(id: string, attempt: number): Promise<Begun<Message>> {
    return (await this.#attempts.add({ id, attempt })) as Begun<Message>;
  }

  async #begin(attempts: readonly Attempt[]): Promise<Begun<unknown>[]> {
    const ids = attempts.map(({ id }) => id);
    const [rows, threads] = await this.store.transaction(async (tx) => {
      await lockSubjects(tx, ids);
      const begun = await beginAll(tx, attempts);
      return [begun, await threadsOf(tx, begun)] as const;
    });
    const byId = new Map(rows.map((row) => [row.delivery.id, row]));
    return ids.map((id) => {
      const row = byId.get(id);
      if (!row) return { how: 'ended' };
      if (row.how !== 'begun') return { how: row.how };
      return { how: 'begun', delivery: row.delivery, thread: threads.get(id) ?? null };
    });
  }

  /** Ends deliveries that their channels took. */
  async sent(tx: Transaction, taken: readonly TakenDelivery[]): Promise<void> {
    await tx.query(
      `UPDATE delivery SET state = 'sent', reference = taken.reference, code = NULL, reason = taken.note, next_at = NULL, finished_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS taken (id, reference, note) WHERE delivery.id = taken.id`,
      [taken.map(({ id }) => id), taken.map(({ reference }) => reference), taken.map(({ note }) => note)],
    );
  }

  /** Notes why an attempt failed. One that never began, or that the channel took after all, leaves what is known as it is. */
  async retrying(id: string, attempt: number, code: string, reason: string, inMs: number): Promise<void> {
    await this.store.query(
      `UPDATE delivery SET state = 'retrying', attempt = $2, code = $3, reason = $4, next_at = now() + $5 * interval '1 millisecond'
       WHERE id = $1 AND state = 'sending'`,
      [id, attempt, code, reason, inMs],
    );
  }

  /** Notes who of several recipients has it, so that the next attempt leaves them out. */
  async partlySent(id: string, reached: readonly string[]): Promise<void> {
    await this.store.query('UPDATE delivery SET reached = $2 WHERE id = $1', [id, reached]);
  }

  /** Gives a delivery up; false when the channel took it after all. */
  async failed(tx: Transaction, id: string, attempt: number, code: string, reason: string): Promise<boolean> {
    const failed = await tx.query(
      `UPDATE delivery SET state = 'failed', attempt = $2, code = $3, reason = $4, next_at = NULL, finished_at = now()
       WHERE id = $1 AND state <> 'sent' RETURNING id`,
      [id, attempt, code, reason],
    );
    return failed.length > 0;
  }
}

/** Two editions that begin at once must see each other; in one order, or two transactions would wait for each other. */
async function lockSubjects(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.query(
    `SELECT pg_advisory_xact_lock(key) FROM (
       SELECT DISTINCT hashtextextended(concat_ws(chr(10), subject, receiver, channel, integration), 0) AS key
       FROM delivery WHERE id = ANY($1) AND subject IS NOT NULL ORDER BY key) AS subject`,
    [ids],
  );
}

/** Begins what may begin, and ends what is superseded; answers each as it was before. What has ended before is left out. */
async function beginAll(
  tx: Transaction,
  attempts: readonly Attempt[],
): Promise<{ how: 'begun' | 'superseded' | 'waits'; delivery: Delivery<unknown> }[]> {
  const rows = await tx.query<Delivery<unknown> & { how: 'begun' | 'superseded' | 'waits' }>(
    `WITH judged AS (
       SELECT delivery.id AS judged, try.attempt AS try, CASE
         WHEN EXISTS (SELECT ${samePlace} AND other.revision > delivery.revision AND other.state NOT IN ('failed', 'held', 'merged', 'suppressed'))
           THEN 'superseded'
         WHEN EXISTS (SELECT ${samePlace} AND other.revision < delivery.revision AND other.state = 'sending') THEN 'waits'
         ELSE 'begun' END AS how
       FROM delivery JOIN unnest($1::uuid[], $2::int[]) AS try (id, attempt) USING (id) WHERE state NOT IN ('sent', 'superseded')
     ), changed AS (
       UPDATE delivery SET state = CASE how WHEN 'begun' THEN 'sending' ELSE 'superseded' END,
         attempt = CASE how WHEN 'begun' THEN try ELSE attempt END, next_at = NULL,
         finished_at = CASE how WHEN 'superseded' THEN now() ELSE finished_at END,
         code = CASE WHEN how = 'superseded' AND state = 'sending' THEN 'DELIVERY_UNCONFIRMED' ELSE code END
       FROM judged WHERE id = judged AND how <> 'waits'
     )
     SELECT how, ${columns}, ${contents} FROM delivery JOIN judged ON id = judged`,
    [attempts.map(({ id }) => id), attempts.map(({ attempt }) => attempt)],
  );
  return rows.map(({ how, ...delivery }) => ({ how, delivery }));
}

/** Other deliveries about the same to the same channel. */
const samePlace = `FROM delivery AS other WHERE other.subject = delivery.subject AND other.id <> delivery.id
  AND (other.receiver, other.channel, other.integration) = (delivery.receiver, delivery.channel, delivery.integration)`;

/** What their channels were told of their subjects before. */
async function threadsOf(
  tx: Transaction,
  begun: readonly { how: string; delivery: Delivery<unknown> }[],
): Promise<Map<string, DeliveryThread<unknown>>> {
  const ids = begun
    .filter(({ how, delivery }) => how === 'begun' && delivery.edition)
    .map(({ delivery }) => delivery.id);
  if (ids.length === 0) return new Map();
  const told = (order: 'ASC' | 'DESC') =>
    `(SELECT jsonb_build_object('revision', other.revision, 'reference', other.reference, 'message', other.message)
      ${samePlace} AND other.state = 'sent' ORDER BY other.revision ${order} LIMIT 1)`;
  const rows = await tx.query<DeliveryThread<unknown> & { id: string }>(
    `SELECT id, ${told('ASC')} AS first, ${told('DESC')} AS last,
       EXISTS (SELECT ${samePlace} AND other.state <> 'sent' AND (other.state = 'sending' OR other.code = 'DELIVERY_UNCONFIRMED')) AS "isInDoubt"
     FROM delivery WHERE id = ANY($1)`,
    [ids],
  );
  return new Map(rows.map(({ id, ...thread }) => [id, thread]));
}
