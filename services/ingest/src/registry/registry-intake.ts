import { Injectable } from '@nestjs/common';
import { failpoint } from '@tidewaiter/runtime';
import { GroupCommit, Pushes, Received, Store, type Transaction } from '@tidewaiter/store';

import type { IntakeResult } from '../http/receipt.js';
import { type ArrivedNotice, eventsOf, receivedKeyOf, type RegistryNotice } from './registry-notice.js';
import { contentKeyOf, newContents } from './repetitions.js';

/** Facts of one webhook. */
export interface NoticeBatch {
  /** Id of the connection, within which delivery keys are unique. */
  connection: string;
  facts: readonly RegistryNotice[];
  /** When it arrived, in milliseconds since 1970. */
  receivedAtMs: number;
  /** Size of the body: the cost of keeping this waiting. */
  sizeBytes: number;
  /** W3C trace context of the webhook. */
  traceparent: string | undefined;
}

const limits = { concurrency: 2, batchBytes: 2 * 2 ** 20, waitingBytes: 32 * 2 ** 20, timeoutMs: 5_000 };

/**
 * Stores the facts of webhooks as rows, and emits their events. Each fact once, however often it
 * is delivered.
 */
@Injectable()
export class RegistryIntake {
  readonly #commits = new GroupCommit(async (deliveries: readonly NoticeBatch[]) => this.save(deliveries), limits);

  constructor(
    private readonly store: Store,
    private readonly received: Received,
    private readonly pushes: Pushes,
  ) {}

  /**
   * Resolves when everything is committed.
   * @throws Unavailable when it cannot be stored now
   */
  async keep(delivery: NoticeBatch): Promise<IntakeResult> {
    const result = await this.#commits.add(delivery, delivery.sizeBytes);
    failpoint('hooks.stored');
    return result;
  }

  /** Stores several in one transaction: all, or none. @throws Unavailable `STORE_UNAVAILABLE` */
  async save(deliveries: readonly NoticeBatch[]): Promise<IntakeResult[]> {
    return this.store.transaction(async (tx) => {
      const fresh = await this.#freshOf(tx, deliveries);
      const pushes = fresh.flatMap(({ facts }) => facts.flatMap((fact) => (fact.kind === 'push' ? [fact.push] : [])));
      const ids = await this.pushes.add(tx, pushes);
      const pushIds = new Map(pushes.map((push, index) => [push, ids[index] ?? '']));
      const drafts = fresh.flatMap((delivery) =>
        eventsOf(delivery, pushIds).map((draft) => ({ ...draft, traceparent: delivery.traceparent })),
      );
      await tx.emit(...drafts);
      return fresh.map(({ facts }, index) => {
        const received = deliveries[index]?.facts.length ?? 0;
        return { accepted: facts.length, duplicates: received - facts.length };
      });
    });
  }

  /** The deliveries, each with only those of its facts that are new. */
  async #freshOf(tx: Transaction, deliveries: readonly NoticeBatch[]): Promise<NoticeBatch[]> {
    const notices = deliveries.flatMap(({ connection, receivedAtMs, facts }) =>
      facts.map((notice) => ({ connection, receivedAtMs, notice })),
    );
    // The very same hook comes again from the spool when its commit did not answer in time.
    const isFirst = await this.received.remember(tx, notices.map(receivedKeyOf));
    const isAsked = notices.map(({ notice }, index) => isFirst[index]! && notice.identity === 'content');
    const isNewContent = (
      await this.#newContents(
        tx,
        notices.filter((_, index) => isAsked[index]),
      )
    ).values();
    const isNew = isFirst.map((each, index) => (isAsked[index] ? isNewContent.next().value : each)).values();
    return deliveries.map((delivery) => ({ ...delivery, facts: delivery.facts.filter(() => isNew.next().value) }));
  }

  async #newContents(tx: Transaction, notices: readonly ArrivedNotice[]): Promise<boolean[]> {
    if (notices.length === 0) return [];
    const stored = await this.received.lockContents(tx, notices.map(contentKeyOf));
    const pushes = notices.flatMap(({ notice }) => (notice.kind === 'push' ? [notice.push] : []));
    const awaiting = new Set(await this.pushes.awaitingDigest(tx, pushes));
    const { isNew, changed } = newContents(
      notices,
      stored,
      (notice) => notice.kind === 'push' && awaiting.has(notice.push),
    );
    await this.received.replaceContents(tx, changed);
    return isNew;
  }
}
