import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';
import { currentTraceparent } from '@tidewaiter/runtime';

import { columnsOf } from '../core/columns.js';
import { GroupCommit } from '../core/group-commit.js';
import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { recordsetOf } from '../core/row-sets.js';
import { json } from '../core/storable.js';
import { type Queries, Store, type Transaction } from '../core/store.js';
import { TransactionBatcher } from '../core/transaction-batcher.js';
import { conditionOf, type DeliveryFilter } from './delivery-filter.js';
import { deliveryId, happensOnce } from './delivery-id.js';
import { deliveryColumns } from './delivery-list.js';
import { DeliveryRow } from './delivery-rows.js';
import type {
  NewDelivery,
  Delivery,
  DeliveryStep,
  DerivedDelivery,
  DeliveryStory,
  DeliveryThread,
  DeliveryStart,
  TakenDelivery,
  SubjectChannel,
  AboutDelivery,
  HeldDeliveries,
  ListedDelivery,
  PushMessage,
} from './delivery.js';

type ChannelName = Pick<NewDelivery<unknown>, 'receiver' | 'channel' | 'integration'>;

interface AddedDelivery extends NewDelivery<unknown> {
  heldFor: string | null;
  traceparent: string | null;
}

interface Attempt {
  id: string;
  attempt: number;
}

/** A failed attempt that will be retried. */
interface FailedAttempt {
  attempt: number;
  code: string;
  reason: string;
  inMs: number;
  /** False if the channel was not called. */
  wasTried: boolean;
}

/** Limit on the ledger entries of one delivery that are shown, and on its derived deliveries. */
const maxSteps = 500;

type WholeDelivery<Message> = Delivery<Message> & ListedDelivery & { replyTo: string | null };

const wholeColumns = deliveryColumns
  .and(columnsOf(DeliveryRow, { only: ['alerts', 'message', 'replyTo', 'pushId'] }))
  .computed<Pick<Delivery<unknown>, 'edition'>>({
    edition: "CASE WHEN subject IS NOT NULL THEN jsonb_build_object('subject', subject, 'revision', revision) END",
  });

const begunColumns = wholeColumns.computed<{ how: 'begun' | 'superseded' | 'waits' }>({ how: 'how' });

const aboutColumns = columnsOf(DeliveryRow, {
  only: ['id', 'revision', 'receiver', 'channel', 'state', 'reason', 'createdAt', 'finishedAt'],
}).notNull('revision');

const channelColumns = columnsOf(DeliveryRow, {
  only: ['receiver', 'channel', 'integration', 'route', 'groupKey', 'groupLabels', 'subject'],
}).notNull('subject');

const messageColumns = channelColumns
  .and(columnsOf(DeliveryRow, { only: ['alerts', 'message', 'revision'] }))
  .notNull('revision');

const heldColumns = columnsOf(DeliveryRow, {
  only: [
    'id',
    'receiver',
    'channel',
    'integration',
    'route',
    'groupKey',
    'alerts',
    'message',
    'subject',
    'revision',
    'pushId',
    'heldFor',
  ],
})
  .notNull('heldFor')
  .computed<{ waiting: number }>({ waiting: 'waiting' });

const heldForOnly = columnsOf(DeliveryRow, { only: ['heldFor'] }).notNull('heldFor');
const columnsOfId = columnsOf(DeliveryRow, { only: ['id'] });
const columnsOfEvent = columnsOf(DeliveryRow, { only: ['id', 'eventId'] });

const added = recordsetOf(DeliveryRow, [
  'id',
  'eventId',
  'receiver',
  'channel',
  'integration',
  'route',
  'groupKey',
  'groupLabels',
  'alerts',
  'message',
  'traceparent',
  'subject',
  'revision',
  'pushId',
  'origin',
  'originId',
  'replyTo',
  'state',
  'heldFor',
]);

/** @param occurrence number of earlier deliveries about the same fact */
function rowOf(added: AddedDelivery, occurrence: number) {
  const { cause, edition, origin = null, pushId = null, replyTo = null, heldFor, ...delivery } = added;
  const id = deliveryId(cause, delivery, occurrence);
  const { subject = null, revision = null } = edition === 'own' ? { subject: id, revision: 1 } : (edition ?? {});
  return {
    ...delivery,
    id,
    subject,
    revision,
    pushId,
    origin: origin?.kind ?? null,
    originId: origin?.id ?? null,
    replyTo,
    state: heldFor === null ? ('pending' as const) : ('held' as const),
    heldFor,
  };
}

/** Limits of the batcher of attempts. The sending concurrency already bounds what waits. */
const beginLimits = { concurrency: 1, batchBytes: Infinity, waitingBytes: Infinity, timeoutMs: 10_000 };

/** Ledger of deliveries and their outcomes. */
@Injectable()
export class Deliveries {
  readonly #attempts = new GroupCommit(async (attempts: readonly Attempt[]) => this.#begin(attempts), beginLimits);
  readonly #channels = new TransactionBatcher(channelsOfAll);
  readonly #held = new TransactionBatcher(heldForAll);
  readonly #released = new TransactionBatcher(releaseAll);
  readonly #dropped = new TransactionBatcher(dropAll);
  readonly #given = new TransactionBatcher(async (tx: Transaction, channels: readonly ChannelName[]) =>
    this.#givenTo(tx, channels),
  );
  readonly #givenIn = new WeakMap<Transaction, Map<string, number>>();
  readonly #added = new TransactionBatcher(async (tx: Transaction, lists: readonly (readonly AddedDelivery[])[]) => {
    const ids = await this.#add(tx, lists.flat());
    return lists.map((list) => list.flatMap((delivery) => ids.get(delivery) ?? []));
  });

  constructor(private readonly store: Store) {}

  /**
   * Adds deliveries; returns the ids of the new ones. Idempotent for each event.
   * @param heldFor the group with which they wait; null to send them at once
   */
  async add<Message>(
    tx: Transaction,
    deliveries: readonly NewDelivery<Message>[],
    heldFor: string | null = null,
  ): Promise<string[]> {
    if (deliveries.length === 0) return [];
    const traceparent = currentTraceparent() ?? null;
    return this.#added.add(
      tx,
      deliveries.map((delivery) => ({ ...delivery, heldFor, traceparent })),
    );
  }

  /** Inserts deliveries that their event has not added before; returns the ids of those. */
  async #add(tx: Transaction, deliveries: readonly AddedDelivery[]): Promise<Map<AddedDelivery, string>> {
    const ids = new Map<AddedDelivery, string>();
    let left = [...deliveries];
    // A fact that a later event reports again is the next occurrence. There are few of one fact.
    for (let occurrence = 0; left.length > 0; occurrence += 1) {
      const rows = left.map((delivery) => ({ delivery, row: rowOf(delivery, occurrence) }));
      const inserted = await tx.returning(
        columnsOfId,
        `INSERT INTO delivery (${added.columns}) SELECT ${added.values} FROM ${added.table} ON CONFLICT DO NOTHING`,
        added.parameters(rows.map(({ row }) => row)),
      );
      const fresh = new Set(inserted.map(({ id }) => id));
      const present = rows.filter(({ delivery, row: { id } }) => !fresh.has(id) || void ids.set(delivery, id));
      const events = await eventsOf(
        tx,
        present.map(({ row: { id } }) => id),
      );
      left = present
        .filter(({ delivery: { cause, eventId }, row: { id } }) => {
          return !happensOnce(cause) && events.has(id) && events.get(id) !== eventId;
        })
        .map(({ delivery }) => delivery);
    }
    return ids;
  }

  /** Held deliveries of a group, oldest first. */
  async held<Message>(tx: Transaction, heldFor: string): Promise<HeldDeliveries<Message>> {
    return (await this.#held.add(tx, heldFor)) as HeldDeliveries<Message>;
  }

  /**
   * Releases a held delivery with its final alerts and message.
   * @param isOfMany whether the message is about more than its own subject, so that it is no
   * edition of that subject
   */
  async release(
    tx: Transaction,
    id: string,
    { alerts, message, isOfMany = false }: { alerts: readonly Alert[]; message: unknown; isOfMany?: boolean },
  ): Promise<void> {
    await this.#released.add(tx, { id, alerts, message, isOfMany });
  }

  /** Ends held deliveries that are merged into another one or have become obsolete. */
  async drop(
    tx: Transaction,
    ids: readonly string[],
    state: 'merged' | 'suppressed' | 'superseded',
    reason: string,
  ): Promise<void> {
    if (ids.length === 0) return;
    await this.#dropped.add(
      tx,
      ids.map((id) => ({ id, state, reason })),
    );
  }

  /**
   * Counts the messages of a channel within the last minute. Each call counts as a message for the
   * later calls of its transaction, because several events share one and their messages may not be
   * inserted yet.
   */
  async givenLately(tx: Transaction, channel: ChannelName): Promise<number> {
    return this.#given.add(tx, channel);
  }

  async #givenTo(tx: Transaction, channels: readonly ChannelName[]): Promise<number[]> {
    const counts = this.#givenIn.get(tx) ?? new Map<string, number>();
    this.#givenIn.set(tx, counts);
    const unknown = channels.filter((channel) => !counts.has(channelKey(channel)));
    const before = unknown.length === 0 ? [] : await countGiven(tx, unknown);
    // A call that came meanwhile has set its count already.
    for (const [key, given] of before) if (!counts.has(key)) counts.set(key, given);
    return channels.map((channel) => {
      const given = counts.get(channelKey(channel)) ?? 0;
      counts.set(channelKey(channel), given + 1);
      return given;
    });
  }

  async get<Message>(id: string, db: Queries = this.store): Promise<WholeDelivery<Message> | null> {
    const [delivery] = await db.rows(wholeColumns, 'FROM delivery WHERE id = $1', [id]);
    return delivery ? (delivery as WholeDelivery<Message>) : null;
  }

  /** Deliveries that match a filter, newest first. */
  async list({ limit, after }: PageRequest, filter: DeliveryFilter = {}): Promise<Page<ListedDelivery>> {
    const parameters: unknown[] = [limit + 1, after ?? null];
    const rows = await this.store.rows(
      deliveryColumns,
      `FROM delivery WHERE ($2::uuid IS NULL OR number < (SELECT number FROM delivery WHERE id = $2)) AND ${conditionOf(filter, parameters)}
       ORDER BY number DESC LIMIT $1`,
      parameters,
    );
    return pageOf(rows, limit);
  }

  /** A delivery with its ledger and derived deliveries; null if unknown. */
  async story<Message>(id: string): Promise<DeliveryStory<Message> | null> {
    const [delivery, steps, derived] = await Promise.all([this.get<Message>(id), this.steps(id), this.#derived(id)]);
    return delivery && { ...delivery, steps, derived };
  }

  /** The ledger of a delivery, oldest entry first. */
  async steps(id: string): Promise<DeliveryStep[]> {
    return this.store.aggregate<DeliveryStep>(
      `SELECT at, kind, attempt, code, reason, "nextAt", by FROM (
         SELECT 0 AS place, 0 AS number, created_at AS at, 'made' AS kind, 0 AS attempt, NULL AS code, NULL AS reason, NULL::timestamptz AS "nextAt", NULL AS by
         FROM delivery WHERE id = $1
         UNION ALL
         (SELECT 1, id, made_at, kind, attempt, code, reason, next_at, made_by FROM delivery_step WHERE delivery_id = $1 ORDER BY id LIMIT ${maxSteps})
         UNION ALL
         SELECT 1, 0, finished_at, state, attempt, code, reason, NULL, NULL FROM delivery WHERE id = $1 AND finished_at IS NOT NULL AND state <> 'failed'
       ) AS step ORDER BY place, at, number`,
      [id],
    );
  }

  /** Deliveries derived from this one, oldest first. */
  async #derived(id: string): Promise<DerivedDelivery[]> {
    return this.store.aggregate<DerivedDelivery>(
      `SELECT id, origin AS kind, receiver, channel, state FROM delivery WHERE origin_id = $1 ORDER BY number LIMIT ${maxSteps}`,
      [id],
    );
  }

  /** Deliveries about a subject, oldest first. */
  async about(subject: string): Promise<AboutDelivery[]> {
    return this.store.rows(aboutColumns, 'FROM delivery WHERE subject = $1 ORDER BY number LIMIT 1000', [subject]);
  }

  /** Channels that have deliveries about a subject. */
  async channelsOf(tx: Transaction, subject: string): Promise<SubjectChannel[]> {
    return this.#channels.add(tx, subject);
  }

  /**
   * Newest edition of each editable message that reports a push. Held ones are left out: they are
   * rendered at the flush, by the transaction that holds their group.
   */
  async ofPush<Message>(tx: Transaction, pushId: string): Promise<PushMessage<Message>[]> {
    // Serializes corrections, so that two of them become two editions of a message.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('messages of push ' || $1, 0))`, [pushId]);
    const messages = await tx.rows(
      messageColumns,
      (list) => `SELECT DISTINCT ON (subject, receiver, channel, integration) ${list}
       FROM delivery WHERE push_id = $1 AND subject IS NOT NULL AND state NOT IN ('held', 'failed', 'merged', 'suppressed')
       ORDER BY subject, receiver, channel, integration, revision DESC`,
      [pushId],
    );
    return messages as PushMessage<Message>[];
  }

  /** Groups that hold messages about a push. */
  async waitingOf(tx: Transaction, pushId: string): Promise<string[]> {
    const groups = await tx.rows(
      heldForOnly,
      (list) => `SELECT DISTINCT ${list} FROM delivery WHERE push_id = $1 AND state = 'held' ORDER BY held_for`,
      [pushId],
    );
    return groups.map(({ heldFor }) => heldFor);
  }

  /** Records that an attempt begins: after a crash in it, the channel may have the message. */
  async begin<Message>(id: string, attempt: number): Promise<DeliveryStart<Message>> {
    return (await this.#attempts.add({ id, attempt })) as DeliveryStart<Message>;
  }

  async #begin(attempts: readonly Attempt[]): Promise<DeliveryStart<unknown>[]> {
    const ids = attempts.map(({ id }) => id);
    const { rows, threads, isInDoubt } = await this.store.transaction(async (tx) => {
      await lockSubjects(tx, ids);
      const isInDoubt = await mayLackDeliveries(tx);
      const begun = await beginAll(tx, attempts);
      return { rows: begun, threads: await threadsOf(tx, begun, isInDoubt), isInDoubt };
    });
    const byId = new Map(rows.map((row) => [row.delivery.id, row]));
    return ids.map((id) => {
      const row = byId.get(id);
      if (!row) return { how: 'ended' };
      if (row.how !== 'begun') return { how: row.how };
      return { how: 'begun', delivery: row.delivery, thread: threads.get(id) ?? null, isInDoubt };
    });
  }

  /** Ends deliveries that their channels accepted. */
  async sent(tx: Transaction, taken: readonly TakenDelivery[]): Promise<void> {
    await tx.query(
      `UPDATE delivery SET state = 'sent', reference = taken.reference, code = NULL, reason = taken.note, next_at = NULL, finished_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS taken (id, reference, note) WHERE delivery.id = taken.id`,
      [taken.map(({ id }) => id), taken.map(({ reference }) => reference), taken.map(({ note }) => note)],
    );
  }

  /** Records a failed attempt, unless it never began or the channel accepted the message. */
  async retrying(id: string, { attempt, code, reason, inMs, wasTried }: FailedAttempt): Promise<void> {
    await this.store.query(
      `WITH retried AS (
         UPDATE delivery SET state = 'retrying', attempt = $2, code = $3, reason = $4, next_at = now() + $5 * interval '1 millisecond'
         WHERE id = $1 AND state = 'sending' RETURNING id, next_at)
       INSERT INTO delivery_step (delivery_id, kind, attempt, code, reason, next_at)
       SELECT id, 'failed', $2, $3, $4, next_at FROM retried WHERE $6`,
      [id, attempt, code, reason, inMs, wasTried],
    );
  }

  /** Records which of several recipients have it, so that the next attempt skips them. */
  async partlySent(id: string, reached: readonly string[]): Promise<void> {
    await this.store.query('UPDATE delivery SET reached = $2 WHERE id = $1', [id, reached]);
  }

  /** Ends a delivery as failed; false if the channel accepted it after all. */
  async failed(tx: Transaction, id: string, attempt: number, code: string, reason: string): Promise<boolean> {
    const failed = await tx.query(
      `WITH failed AS (
         UPDATE delivery SET state = 'failed', attempt = $2, code = $3, reason = $4, next_at = NULL, finished_at = now()
         WHERE id = $1 AND state <> 'sent' RETURNING id)
       INSERT INTO delivery_step (delivery_id, kind, attempt, code, reason)
       SELECT id, 'given-up', $2, $3, $4 FROM failed RETURNING id`,
      [id, attempt, code, reason],
    );
    return failed.length > 0;
  }
}

/**
 * Limit on the bytes of held deliveries in one transaction: a flood may hold thousands, with
 * thousands of alerts each.
 */
const maxHeldBytes = 32 * 1024 * 1024;

async function heldForAll(tx: Transaction, groups: readonly string[]): Promise<HeldDeliveries<unknown>[]> {
  const rows = await tx.rows(
    heldColumns,
    (list) => `WITH sized AS (
       SELECT id, row_number() OVER one AS position, count(*) OVER (PARTITION BY held_for)::int AS waiting,
         sum(octet_length(alerts::text) + octet_length(message::text)) OVER (ORDER BY number) AS bytes
       FROM delivery WHERE state = 'held' AND held_for = ANY($1) WINDOW one AS (PARTITION BY held_for ORDER BY number))
     SELECT ${list} FROM sized JOIN delivery USING (id) WHERE position = 1 OR bytes <= $2 ORDER BY number`,
    [groups, maxHeldBytes],
  );
  const byGroup = Map.groupBy(rows, ({ heldFor }) => heldFor);
  return groups.map((group) => {
    const read = byGroup.get(group) ?? [];
    const deliveries = read.map(({ heldFor: _, waiting: __, ...held }) => held);
    return { deliveries, isMore: read.length < (read[0]?.waiting ?? 0) };
  });
}

async function releaseAll(
  tx: Transaction,
  released: readonly { id: string; alerts: readonly Alert[]; message: unknown; isOfMany: boolean }[],
): Promise<void[]> {
  await tx.query(
    `UPDATE delivery SET state = 'pending', alerts = released.alerts, message = released.message,
       subject = CASE WHEN "isOfMany" THEN NULL ELSE subject END, revision = CASE WHEN "isOfMany" THEN NULL ELSE revision END
     FROM jsonb_to_recordset($1) AS released (id uuid, alerts jsonb, message jsonb, "isOfMany" boolean)
     WHERE delivery.id = released.id AND state = 'held'`,
    [json(released)],
  );
  return released.map(() => undefined);
}

async function dropAll(
  tx: Transaction,
  lists: readonly (readonly { id: string; state: string; reason: string }[])[],
): Promise<void[]> {
  const dropped = lists.flat();
  await tx.query(
    `UPDATE delivery SET state = dropped.state, reason = dropped.reason, finished_at = now()
     FROM unnest($1::uuid[], $2::text[], $3::text[]) AS dropped (id, state, reason)
     WHERE delivery.id = dropped.id AND delivery.state = 'held'`,
    [dropped.map(({ id }) => id), dropped.map(({ state }) => state), dropped.map(({ reason }) => reason)],
  );
  return lists.map(() => undefined);
}

/** Events that added these deliveries, by their ids. */
async function eventsOf(tx: Transaction, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.rows(columnsOfEvent, 'FROM delivery WHERE id = ANY($1)', [ids]);
  return new Map(rows.map(({ id, eventId }) => [id, eventId]));
}

function channelKey({ receiver, channel, integration }: ChannelName): string {
  return JSON.stringify([receiver, channel, integration]);
}

async function countGiven(tx: Transaction, channels: readonly ChannelName[]): Promise<Map<string, number>> {
  const rows = await tx.aggregate<ChannelName & { given: number }>(
    `SELECT receiver, channel, integration, count(*)::int AS given
     FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::int[]) AS asked (receiver, channel, integration)) AS asked
     JOIN delivery USING (receiver, channel, integration)
     WHERE created_at > now() - interval '1 minute' AND state NOT IN ('held', 'merged', 'suppressed')
     GROUP BY receiver, channel, integration`,
    [
      channels.map(({ receiver }) => receiver),
      channels.map(({ channel }) => channel),
      channels.map(({ integration }) => integration),
    ],
  );
  return new Map(rows.map((row) => [channelKey(row), row.given]));
}

async function channelsOfAll(tx: Transaction, subjects: readonly string[]): Promise<SubjectChannel[][]> {
  const rows = await tx.rows(
    channelColumns,
    (list) => `SELECT DISTINCT ON (subject, receiver, channel, integration) ${list}
     FROM delivery WHERE subject = ANY($1) AND state NOT IN ('failed', 'suppressed')
     ORDER BY subject, receiver, channel, integration, number DESC`,
    [subjects],
  );
  const bySubject = Map.groupBy(rows, ({ subject }) => subject);
  return subjects.map((subject) => (bySubject.get(subject) ?? []).map(({ subject: _subject, ...channel }) => channel));
}

/** Locks the subjects in key order, so that two editions that begin at once see each other. */
async function lockSubjects(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.query(
    `SELECT pg_advisory_xact_lock(key) FROM (
       SELECT DISTINCT hashtextextended(concat_ws(chr(10), subject, receiver, channel, integration), 0) AS key
       FROM delivery WHERE id = ANY($1) AND subject IS NOT NULL ORDER BY key) AS subject`,
    [ids],
  );
}

/**
 * Whether the database may be a restored copy that lacks what was sent since the copy: its
 * heartbeat is late, so that a restore would not be recognized yet, or a restore was recognized and
 * the work of the lost time may still be repeated.
 */
async function mayLackDeliveries(tx: Transaction): Promise<boolean> {
  const [life] = await tx.aggregate<{ isLate: boolean; isRepeating: boolean | null }>(
    `SELECT beat > 0 AND beaten_at < clock_timestamp() - interval '4 seconds' AS "isLate",
       recognized_at + (recognized_at - (restore ->> 'copyOf')::timestamptz) + interval '1 hour' > now() AS "isRepeating"
     FROM database_life, LATERAL (SELECT (restore ->> 'recognizedAt')::timestamptz AS recognized_at) AS life`,
  );
  return life !== undefined && (life.isLate || life.isRepeating === true);
}

/**
 * Begins attempts or ends them as superseded; returns each delivery as it was before, without those
 * that had ended.
 */
async function beginAll(
  tx: Transaction,
  attempts: readonly Attempt[],
): Promise<{ how: 'begun' | 'superseded' | 'waits'; delivery: Delivery<unknown> }[]> {
  const rows = await tx.rows(
    begunColumns,
    (list) => `WITH evaluated AS (
       SELECT delivery.id AS evaluated, try.attempt AS try, CASE
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
       FROM evaluated WHERE id = evaluated AND how <> 'waits'
     )
     SELECT ${list} FROM delivery JOIN evaluated ON id = evaluated`,
    [attempts.map(({ id }) => id), attempts.map(({ attempt }) => attempt)],
  );
  return rows.map(({ how, ...delivery }) => ({ how, delivery }));
}

/** SQL for the other deliveries about the same subject to the same channel. */
const samePlace = `FROM delivery AS other WHERE other.subject = delivery.subject AND other.id <> delivery.id
  AND (other.receiver, other.channel, other.integration) = (delivery.receiver, delivery.channel, delivery.integration)`;

/** Earlier messages about the same subject to the same channel, for each delivery. */
async function threadsOf(
  tx: Transaction,
  begun: readonly { how: string; delivery: Delivery<unknown> }[],
  isInDoubt: boolean,
): Promise<Map<string, DeliveryThread<unknown>>> {
  const ids = begun
    .filter(({ how, delivery }) => how === 'begun' && delivery.edition)
    .map(({ delivery }) => delivery.id);
  if (ids.length === 0) return new Map();
  const sentMessage = (order: 'ASC' | 'DESC') =>
    `(SELECT jsonb_build_object('revision', other.revision, 'reference', other.reference, 'message', other.message)
      ${samePlace} AND other.state = 'sent' ORDER BY other.revision ${order} LIMIT 1)`;
  const rows = await tx.aggregate<DeliveryThread<unknown> & { id: string }>(
    `SELECT id, ${sentMessage('ASC')} AS first, ${sentMessage('DESC')} AS last,
       $2 OR EXISTS (SELECT ${samePlace} AND other.state <> 'sent' AND (other.state = 'sending' OR other.code = 'DELIVERY_UNCONFIRMED')) AS "isInDoubt"
     FROM delivery WHERE id = ANY($1)`,
    [ids, isInDoubt],
  );
  return new Map(rows.map(({ id, ...thread }) => [id, thread]));
}
