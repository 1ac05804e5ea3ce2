import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { findingOpened, findingResolved, imageAnalyzed, imageReexamined, tagMoved } from '@tidewaiter/events';
import { Every, Logger, failpoint } from '@tidewaiter/runtime';
import { LearnedHabits, PackageUses, Store, WorkloadLedger } from '@tidewaiter/store';

import { type PersistedFacts, type LearnedFacts, RuntimeFacts } from './runtime-facts.js';

/** Tables of learned facts, shared by the replicas. */
@Injectable()
export class LearnedFactsTables {
  constructor(
    private readonly store: Store,
    private readonly ledger: WorkloadLedger,
    private readonly habits: LearnedHabits,
    private readonly uses: PackageUses,
  ) {}

  async keep({ containers, workloads, habits, used, usedArchives }: LearnedFacts): Promise<void> {
    if (containers.length + workloads.length + habits.length + used.length + usedArchives.length === 0) return;
    await this.store.transaction(async (tx) => {
      await this.ledger.put(tx, containers);
      await this.ledger.putWorkloads(tx, workloads);
      await this.habits.put(tx, habits);
      await this.uses.put(tx, [...used, ...(await this.uses.packagesIn(tx, usedArchives))]);
    });
  }

  async since(from: Record<keyof PersistedFacts, Date>): Promise<PersistedFacts> {
    return {
      containers: await this.ledger.since(from.containers),
      workloads: await this.ledger.workloadsSince(from.workloads),
      habits: await this.habits.since(from.habits),
    };
  }
}

const exchangeMs = 2_000;
const dayMs = 24 * 3_600_000;
/**
 * Time that a starting replica reads back. A workload is stored only when it changes, which may be
 * long ago.
 */
const remembered = { containersMs: 2 * dayMs, workloadsMs: Infinity, habitsMs: 30 * dayMs };
/** Overlap of two reads: other replicas may store facts about somewhat older events. */
const overlapMs = 15_000;

/**
 * Stores what this replica learns, in bulk, and loads what others learned: a pod that a watch
 * reports to one replica is known to all.
 */
@Injectable()
export class LearnedFactsExchange implements OnApplicationBootstrap, OnApplicationShutdown {
  #lookedMs: number | null = null;

  constructor(
    private readonly facts: RuntimeFacts,
    private readonly tables: LearnedFactsTables,
    private readonly bus: Bus,
    private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.bus.onPublished(imageAnalyzed, ({ data }) => {
      for (const { digest } of data.platforms) this.facts.forgetImage(digest);
    });
    this.bus.onPublished(imageReexamined, ({ data }) => {
      for (const { digest } of data.platforms ?? [data]) this.facts.forgetImage(digest);
    });
    this.bus.onPublished(tagMoved, ({ data }) => this.facts.forgetImage(data.newDigest));
    for (const event of [findingOpened, findingResolved]) this.bus.onPublished(event, () => this.facts.forgetImages());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tables
      .keep(this.facts.takeLearned())
      .catch((err: unknown) => this.log.warn({ err }, 'learned facts exchange failed'));
  }

  @Every(exchangeMs)
  async exchange(): Promise<void> {
    await this.tables.keep(this.facts.takeLearned());
    failpoint('facts.learned-stored');
    const nowMs = Date.now();
    const from = (firstMs: number) => new Date(Math.max(0, (this.#lookedMs ?? nowMs - firstMs) - overlapMs));
    const kept = await this.tables.since({
      containers: from(remembered.containersMs),
      workloads: from(remembered.workloadsMs),
      habits: from(remembered.habitsMs),
    });
    this.facts.learn(kept);
    this.#lookedMs = nowMs;
  }
}
