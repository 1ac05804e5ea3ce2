import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, OrderedReader, type StreamMessage } from '@tidewaiter/bus';
import type { RuntimeRecord } from '@tidewaiter/domain';
import { runtimeChannel, runtimePartitions, runtimeStream } from '@tidewaiter/events';
import { Logger } from '@tidewaiter/runtime';
import type { DetectorLease } from '@tidewaiter/store';

import { DetectorMetrics, type PartitionLag } from '../detector-metrics.js';
import { CoveredPlaces } from './covered-places.js';
import { DeadLetterWriter } from './dead-letter-writer.js';
import { Engines } from './engines.js';
import { FairScheduler } from './fair-scheduler.js';
import type { LeasedWorker, LeasedWork } from './lease-manager.js';
import { PartitionJournal } from './partition-journal.js';
import { Partition } from './partition.js';

const tickMs = 100;
/**
 * Time by which an idle partition stays behind the clock of this machine. NATS stamps messages by
 * its own clock: while the two differ by less, reading a partition again gives the same results.
 */
const clockMarginMs = 50;
const snapshotSpreadMs = 30_000;
const prepareMs = 1_000;
/** Time for which covered messages stay, for a database that is restored from a copy. */
const keptMs = 3_600_000;

interface Running {
  partition: Partition;
  reader: OrderedReader;
  ended: Promise<void>;
}

/** Partitions of the runtime stream that this replica reads. */
@Injectable()
export class Partitions implements LeasedWork, OnApplicationBootstrap, OnApplicationShutdown {
  readonly names = Array.from({ length: runtimePartitions }, (_, number) => `partition/${number}`);
  readonly #running = new Map<string, Running>();
  readonly #scheduler = new FairScheduler();
  #ticking: NodeJS.Timeout | undefined;
  #prepareDue = 0;

  constructor(
    private readonly bus: Bus,
    private readonly journal: PartitionJournal,
    private readonly engines: Engines,
    private readonly deadLetters: DeadLetterWriter,
    private readonly metrics: DetectorMetrics,
    private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    // Timers run before sockets: setImmediate lets messages that have arrived go before the clock
    // advances.
    this.metrics.watchPartitions(() => this.#lags());
    this.#ticking = setInterval(() => setImmediate(() => this.#tick()), tickMs);
  }

  onApplicationShutdown(): void {
    clearInterval(this.#ticking);
  }

  async begin(lease: DetectorLease, lost: () => void): Promise<LeasedWorker> {
    const number = this.names.indexOf(lease.name);
    const saved = await this.journal.restore(lease.name);
    const engine = this.engines.detector(lease.name, saved?.state ?? null);
    const subject = runtimeChannel(number);
    const covered = new CoveredPlaces();
    const partition = new Partition(
      lease,
      engine,
      {
        keep: async (held, found) => {
          await this.journal.keep(held, found);
          this.metrics.stored(found.alerts);
        },
        remember: async (held, snapshot) => {
          await this.journal.remember(held, snapshot);
          this.metrics.snapshotStored(lease.name, snapshot.state.length);
        },
        attempt: async (...attempted) => this.journal.attempt(...attempted),
        alone: async (work) => this.#scheduler.alone(work),
        forget: async (place) => {
          const nowMs = Date.now();
          covered.add(place, nowMs);
          await this.journal.forget(subject, place, covered.coveredAt(nowMs - keptMs));
        },
        prepare: async () => this.engines.prepare(),
        schedule: async (work) => this.#scheduler.run(work),
        deadLetter: async (message: StreamMessage, record: RuntimeRecord | null, error: unknown) =>
          this.deadLetters.record(subject, message, record, error),
        deadLetterAlert: async (alert, error) => this.deadLetters.alert(alert, error),
        deadLetterMatch: async (match, error) => this.deadLetters.match(match, error),
        deadLetterObject: async (object, error) => this.deadLetters.object(object, error),
        evaluated: (records, storedAtMs) => this.metrics.evaluated(records, storedAtMs),
        readers: () => this.#running.size,
        lost: () => {
          this.#end(lease.name);
          lost();
        },
      },
      this.log,
      saved?.place ?? null,
      (snapshotSpreadMs * number) / runtimePartitions,
    );
    const take = async (message: StreamMessage) => partition.take(message);
    const reader = new OrderedReader(
      this.bus,
      { stream: runtimeStream, subject, place: () => partition.place, take },
      this.log,
    );
    this.#running.set(lease.name, { partition, reader, ended: reader.run() });
    return {
      stop: async () => {
        await this.#end(lease.name)?.ended;
        await partition.handOver();
      },
      kill: () => {
        partition.abandon();
        this.#end(lease.name);
      },
    };
  }

  #end(name: string): Running | undefined {
    const running = this.#running.get(name);
    this.#running.delete(name);
    this.engines.drop(name);
    running?.reader.stop();
    return running;
  }

  /** Fetches facts from elsewhere, such as containers or scan results, even if no event arrives. */
  #prepareSoon(): void {
    if (performance.now() < this.#prepareDue) return;
    this.#prepareDue = performance.now() + prepareMs;
    void this.engines.prepare().catch((err: unknown) => this.log.warn({ err }, 'facts prefetch failed'));
  }

  #lags(): PartitionLag[] {
    return [...this.#running].map(([name, { partition, reader }]) => ({
      partition: name,
      messages: reader.waiting,
      ms: reader.isCurrent ? 0 : Date.now() - (partition.evaluatedUpToMs ?? Date.now()),
    }));
  }

  #tick(): void {
    this.#prepareSoon();
    const nowMs = Date.now() - clockMarginMs;
    for (const { partition, reader } of this.#running.values()) {
      if (reader.isCurrent) partition.tick(nowMs);
    }
  }
}
