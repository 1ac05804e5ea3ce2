import { Injectable } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import type { deadLetterFields, QueryExpression } from '@tidewaiter/query';
import { failpoint } from '@tidewaiter/runtime';
import { v7 as uuidv7 } from 'uuid';

import { redriveIn } from '../deliveries/redrives.js';
import { columnsOf } from './columns.js';
import { type DeadLetter, deadLetterList } from './dead-letter-list.js';
import { JobRow } from './job-rows.js';
import { Lists } from './lists.js';
import { type Page, pageOf, type PageRequest } from './page.js';
import { Store, type Transaction } from './store.js';

const { columns } = deadLetterList;
const jobColumns = columnsOf(JobRow, {
  only: ['queue', 'key', 'class', 'connection', 'repository', 'isLarge', 'isResumed', 'turn'],
});

/** A message to dead-letter. */
export interface NewDeadLetter {
  consumer: string;
  /** Null when the message is no event. */
  eventId: string | null;
  subject: string;
  /** Original bytes of the message, for display. */
  payload: Uint8Array;
  code: string;
  reason: string;
  attempts: number;
}

const maxPayloadCharacters = 64 * 1024;
/** Dead letters of one transaction. */
const batch = 100;

/** Result of a redrive of many dead letters. */
export interface DeadLetterRedrive {
  redriven: number;
  /** Dead letters whose event or job is gone, or that were redriven meanwhile. */
  kept: number;
  /** Whether there are more than the limit. */
  isMore: boolean;
}

/** Dead letters, with redrive. */
@Injectable()
export class DeadLetters {
  constructor(private readonly store: Store) {}

  /** Saves a dead letter for a message; idempotent for each event and consumer. */
  async save({ consumer, eventId, subject, payload, code, reason, attempts }: NewDeadLetter): Promise<void> {
    const text = Buffer.from(payload).toString('utf8').replaceAll('\0', '\uFFFD').slice(0, maxPayloadCharacters);
    await this.store.query(
      `INSERT INTO dead_letter (id, stage, worker, event_id, subject, payload, code, reason, attempts)
       SELECT $1, 'event', $2, $3::uuid, $4, $5, $6, $7, $8
       WHERE NOT EXISTS (SELECT FROM dead_letter WHERE event_id = $3::uuid AND worker = $2 AND redriven_at IS NULL)`,
      [uuidv7(), consumer, eventId, subject, text, code, reason, attempts],
    );
    failpoint('dead-letters.saved');
  }

  /** Dead letters, newest first; without the redriven ones unless `all` is set. */
  async list({ limit, after }: PageRequest, options: { all?: boolean } = {}): Promise<Page<DeadLetter>> {
    const rows = await this.store.rows(
      columns,
      `FROM dead_letter
       WHERE ($2::uuid IS NULL OR id < $2) AND ($3 OR redriven_at IS NULL)
       ORDER BY id DESC LIMIT $1`,
      [limit + 1, after ?? null, options.all ?? false],
    );
    return pageOf(rows, limit);
  }

  /**
   * Redrives a dead letter. Consumers that have handled the event already do nothing.
   * @throws NotFound `DEAD_LETTER_UNKNOWN` when it does not exist, was redriven before, or its
   * event or job is gone.
   */
  async redrive(id: string): Promise<void> {
    await this.store.transaction(async (tx) => {
      const [letter] = await tx.returning(
        columns,
        'UPDATE dead_letter SET redriven_at = now() WHERE id = $1 AND redriven_at IS NULL',
        [id],
      );
      if (!letter || !(await bringBack(tx, letter))) {
        throw new NotFound('DEAD_LETTER_UNKNOWN', `no dead letter ${id} that could be tried again`);
      }
      const { worker, subject, code, redrivenAt } = letter;
      const about = { worker, subject, code };
      tx.record({ subject: id, before: { ...about, redrivenAt: null }, after: { ...about, redrivenAt } });
    });
    failpoint('dead-letters.redriven');
  }

  /**
   * Redrives the dead letters that a query matches, oldest first.
   * @param limit largest number of dead letters to look at
   */
  async redriveAll(
    where: QueryExpression<keyof typeof deadLetterFields>,
    limit = Infinity,
  ): Promise<DeadLetterRedrive> {
    const lists = new Lists(this.store);
    const order = { where, sort: 'created', isDescending: false } as const;
    let [redriven, kept] = [0, 0];
    let after: string | undefined;
    do {
      const asked = Math.min(batch, limit - redriven - kept);
      const { items, next } = await lists.page(deadLetterList, { ...order, limit: asked, after });
      const count = await this.#redriveBatch(items.map(({ id }) => id));
      redriven += count;
      kept += items.length - count;
      after = next ?? undefined;
    } while (after !== undefined && redriven + kept < limit);
    return { redriven, kept, isMore: after !== undefined };
  }

  /** Redrives those of the dead letters that can be; returns how many. */
  async redriveEach(ids: readonly string[]): Promise<number> {
    let redriven = 0;
    for (let start = 0; start < ids.length; start += batch)
      redriven += await this.#redriveBatch(ids.slice(start, start + batch));
    return redriven;
  }

  async #redriveBatch(ids: readonly string[]): Promise<number> {
    const redriven = await this.store.transaction(async (tx) => {
      const letters = await tx.rows(
        columns,
        'FROM dead_letter WHERE id = ANY($1) AND redriven_at IS NULL ORDER BY id FOR UPDATE',
        [ids],
      );
      const done: string[] = [];
      for (const letter of letters) if (await bringBack(tx, letter)) done.push(letter.id);
      if (done.length === 0) return 0;
      await tx.query('UPDATE dead_letter SET redriven_at = now() WHERE id = ANY($1)', [done]);
      tx.record({ subject: `${done.length} dead letters`, before: { ids: done }, after: { redriven: done.length } });
      return done.length;
    });
    failpoint('dead-letters.some-redriven');
    return redriven;
  }
}

async function bringBack(tx: Transaction, { eventId, jobId }: DeadLetter): Promise<boolean> {
  if (eventId) {
    const events = await tx.query(
      'UPDATE outbox SET published_at = NULL, confirmed_at = NULL WHERE id = $1 RETURNING id',
      [eventId],
    );
    return events.length > 0;
  }
  if (!jobId) return false;
  const [job] = await tx.rows(jobColumns, 'FROM job WHERE id = $1', [jobId]);
  if (!job) return false;
  if (job.queue === 'delivery' && (await redriveIn(tx, [job.key], null)) > 0) return true;
  await tx.enqueue(job);
  return true;
}
