import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { Jobs, RegistryTags, Store, type QueueName } from '@tidewaiter/store';

import { Registries } from '../registries.js';
import { GithubHooks } from './github-hooks.js';

const lookMs = 30_000;
/** After a restart, queued webhooks come first; pushes without one can wait a moment. */
const firstLookMs = 120_000;
/** Jitter, so that registries with the same start are not always queried at the same moment. */
const spread = 0.2;

/**
 * Queues the next reconciliation of each registry, and the next check of each hook, when it is due.
 * Every scanner checks; the first one queues it for all.
 */
@Injectable()
export class QueueReconciliations {
  #startedAt: number | undefined;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly tags: RegistryTags,
    private readonly registries: Registries,
    private readonly hooks: GithubHooks,
  ) {}

  @Every(lookMs)
  async queueDue(): Promise<void> {
    this.#startedAt ??= performance.now();
    const isStarting = performance.now() - this.#startedAt < firstLookMs;
    for (const connection of this.registries.names) {
      // The first run starts at once: images that appear after it are announced.
      if (isStarting && (await this.tags.wasLookedAt(connection))) continue;
      await this.#queue('reconcile', connection, this.registries.reconciliation(connection).intervalMs);
    }
    if (isStarting) return;
    for (const { connection, intervalMs } of this.hooks.intervals) {
      await this.#queue('redeliver', connection, intervalMs);
    }
  }

  async #queue(queue: QueueName, connection: string, intervalMs: number): Promise<void> {
    const sinceMs = intervalMs * (1 + spread * Math.random());
    if (intervalMs === 0 || (await this.jobs.isPendingOrEndedWithin(queue, sinceMs, connection))) return;
    await this.store.transaction((tx) => tx.enqueue({ queue, key: connection, class: 'bulk' }));
  }
}
