import { Injectable } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { failpoint } from '@tidewaiter/runtime';
import { v7 as uuidv7 } from 'uuid';

import { inQueue } from '../core/queues.js';
import { jobsOf, Store, type Transaction } from '../core/store.js';
import { Deliveries } from './deliveries.js';
import { conditionOf, type DeliveryFilter } from './delivery-filter.js';
import type { Delivery } from './delivery.js';

/**
 * Outcome of redriving a delivery. `redriven`: it is retried now. `repeated`: another one repeats
 * its message. `accepted`: its channel has it, so nothing is sent. `under-way`, `held`: it is sent
 * without a redrive. `ended`: there is nothing to send, because another message replaces it or it
 * was suppressed.
 */
export type RedriveOutcome = 'redriven' | 'repeated' | 'accepted' | 'under-way' | 'held' | 'ended';

export interface Redrive {
  /** Id of the delivery that is sent, or that was left alone. */
  id: string;
  outcome: RedriveOutcome;
}

/** Rewords a message to mark it as a repetition. */
export type Reword<Message> = (message: Message) => Message;

/** Deliveries that one transaction redrives. */
const batch = 200;

const outcomes: Record<Delivery<unknown>['state'], RedriveOutcome> = {
  held: 'held',
  pending: 'under-way',
  sending: 'under-way',
  retrying: 'redriven',
  sent: 'accepted',
  superseded: 'ended',
  merged: 'ended',
  suppressed: 'ended',
  failed: 'redriven',
};

/** Redrive of deliveries that failed, or that wait for their next try. */
@Injectable()
export class Redrives {
  constructor(
    private readonly store: Store,
    private readonly deliveries: Deliveries,
  ) {}

  /**
   * Retries a delivery that failed or waits for its next try. One that its channel has accepted is
   * repeated as another delivery if `again` is given; while that one is in progress, there is no
   * second repetition.
   * @throws NotFound `DELIVERY_UNKNOWN`
   */
  async redrive<Message>(id: string, by: string, again: Reword<Message> | null = null): Promise<Redrive> {
    const redrive = await this.store.transaction<Redrive>(async (tx) => {
      const { state, original } = await locked(tx, id);
      if ((await redriveIn(tx, [id], by)) > 0) {
        tx.record({ subject: id, before: { state }, after: { state: 'pending' } });
        return { id, outcome: 'redriven' };
      }
      const outcome = outcomes[state];
      if (outcome !== 'accepted' || again === null) return { id, outcome };
      if (original !== id) await locked(tx, original);
      const underWay = await repetitionOf(tx, original);
      if (underWay !== null) return { id: underWay, outcome: 'repeated' };
      const repeated = await this.#repeat(tx, original, by, again);
      tx.record({ subject: id, before: { state }, after: { state, repeatedBy: repeated } });
      return { id: repeated, outcome: 'repeated' };
    });
    failpoint('deliveries.one-redriven');
    return redrive;
  }

  /**
   * Retries the deliveries that match a filter and failed or wait for their next try, oldest first.
   * @param limit largest number of deliveries to retry
   */
  async redriveAll(
    filter: DeliveryFilter,
    by: string,
    limit = Infinity,
  ): Promise<{ redriven: number; isMore: boolean }> {
    let redriven = 0;
    let after: string | null = null;
    while (redriven < limit) {
      const ids = await this.#troubled(filter, after, Math.min(batch, limit - redriven));
      after = ids.at(-1) ?? null;
      if (after === null) return { redriven, isMore: false };
      redriven += await this.store.transaction(async (tx) => {
        const count = await redriveIn(tx, ids, by);
        if (count > 0) tx.record({ subject: `${count} deliveries`, before: { ids }, after: { state: 'pending' } });
        return count;
      });
      failpoint('deliveries.some-redriven');
    }
    return { redriven, isMore: (await this.#troubled(filter, after, 1)).length > 0 };
  }

  async #troubled(filter: DeliveryFilter, after: string | null, limit: number): Promise<string[]> {
    const parameters: unknown[] = [limit, after];
    const rows = await this.store.aggregate<{ id: string }>(
      `SELECT id FROM delivery WHERE state IN ('failed', 'retrying') AND ($2::uuid IS NULL OR number > (SELECT number FROM delivery WHERE id = $2))
         AND ${conditionOf(filter, parameters)} ORDER BY number LIMIT $1`,
      parameters,
    );
    return rows.map(({ id }) => id);
  }

  async #repeat<Message>(tx: Transaction, id: string, by: string, again: Reword<Message>): Promise<string> {
    const delivery = (await this.deliveries.get<Message>(id, tx))!;
    const message = again(delivery.message);
    // No edition of its subject: it neither supersedes another delivery nor is superseded.
    const repetition = {
      ...delivery,
      eventId: uuidv7(),
      cause: ['repetition', id] as const,
      message,
      edition: null,
      origin: { kind: 'repetition', id } as const,
    };
    const [made = ''] = await this.deliveries.add(tx, [repetition]);
    await noteIn(tx, [id, made], 'repeated', by);
    await tx.enqueue({ queue: 'delivery', key: made, class: 'interactive' });
    return made;
  }
}

/**
 * SQL condition for a delivery whose job was requeued at the moment of a redrive; its own row does
 * not show the wait.
 */
const waitsForItsTry = `EXISTS (
  SELECT FROM job WHERE ${inQueue('delivery')} AND key = delivery.id::text AND job.state = 'queued' AND run_at > now())`;

/** Retries deliveries inside a transaction; returns how many of them had failed or waited. */
export async function redriveIn(tx: Transaction, ids: readonly string[], by: string | null): Promise<number> {
  // Keeps the code, which may require checking an unconfirmed message with the channel first.
  const redriven = await tx.aggregate<{ id: string }>(
    `UPDATE delivery SET state = 'pending', next_at = NULL, finished_at = NULL
     WHERE id = ANY($1) AND (state IN ('failed', 'retrying') OR (state = 'pending' AND ${waitsForItsTry})) RETURNING id`,
    [ids],
  );
  const keys = redriven.map(({ id }) => id);
  if (keys.length === 0) return 0;
  await noteIn(tx, keys, 'redriven', by);
  // Ends the waiting job, to replace it by one with all its tries left.
  await tx.query(
    `UPDATE job SET state = 'done', finished_at = now() WHERE ${inQueue('delivery')} AND key = ANY($1) AND state = 'queued'`,
    [keys],
  );
  await tx.query(
    `UPDATE dead_letter SET redriven_at = now() WHERE worker = 'delivery' AND subject = ANY($1) AND redriven_at IS NULL`,
    [keys],
  );
  await tx.enqueue(...jobsOf('delivery', keys, 'interactive'));
  return keys.length;
}

async function noteIn(
  tx: Transaction,
  ids: readonly string[],
  kind: 'redriven' | 'repeated',
  by: string | null,
): Promise<void> {
  await tx.query(
    `INSERT INTO delivery_step (delivery_id, kind, attempt, made_by)
     SELECT id, $2, attempt, $3 FROM delivery WHERE id = ANY($1)`,
    [ids, kind, by],
  );
}

/**
 * Locks a delivery, so that no other redrive runs meanwhile.
 * @throws NotFound `DELIVERY_UNKNOWN`
 */
async function locked(tx: Transaction, id: string): Promise<{ state: Delivery<unknown>['state']; original: string }> {
  const [delivery] = await tx.aggregate<{ state: Delivery<unknown>['state']; original: string }>(
    `SELECT state, CASE WHEN origin = 'repetition' THEN origin_id ELSE id END AS original FROM delivery WHERE id = $1 FOR UPDATE`,
    [id],
  );
  if (!delivery) throw new NotFound('DELIVERY_UNKNOWN', `no delivery ${id}`);
  return delivery;
}

/** Repetition of a delivery that is still in progress; null without one. */
async function repetitionOf(tx: Transaction, id: string): Promise<string | null> {
  const [repetition] = await tx.aggregate<{ id: string }>(
    `SELECT id FROM delivery WHERE origin_id = $1 AND origin = 'repetition' AND state IN ('pending', 'sending', 'retrying') LIMIT 1`,
    [id],
  );
  return repetition?.id ?? null;
}
