import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  gaugeIn,
  histogramIn,
  metricCatalog,
  failpoint,
  Health,
  Logger,
  type RedisConfig,
  repeat,
  type Repetition,
  ServerWaits,
} from '@tidewaiter/runtime';
import { type Histogram, Registry } from 'prom-client';

import type { JobHandler, JobLedger } from './job-handler.js';
import { prefixOf, RedisConnections } from './redis.js';
import { WorkQueue } from './work-queue.js';

export interface QueueOptions {
  server: RedisConfig;
  /** Durable store of the jobs; a provider that the application makes available to every module. */
  ledger: Type<JobLedger>;
  /** Job handlers of this service, one for each queue; providers of the service's own module. */
  handlers: Type<JobHandler>[];
}

const sweepMs = 2_000;

/**
 * Opens a queue for every handler when the application starts, and closes them before their
 * dependencies.
 */
@Injectable()
class WorkQueues implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #queues: WorkQueue[] = [];
  #sweeping: Repetition | undefined;

  constructor(
    private readonly modules: ModuleRef,
    private readonly options: QueueOptions,
    private readonly redis: RedisConnections,
    private readonly log: Logger,
    private readonly metrics: Registry,
  ) {}

  onApplicationBootstrap(): void {
    const ledger = this.modules.get(this.options.ledger, { strict: false });
    const durations = durationHistogram(this.metrics);
    for (const type of this.options.handlers) {
      const handler = this.modules.get(type, { strict: false });
      const queue = new WorkQueue(handler.queue, ledger, this.log, this.redis, durations);
      queue.serve(handler);
      this.#queues.push(queue);
    }
    this.#sweeping = repeat(async () => this.#sweep(ledger), sweepMs, this.log);
    backlogGauges(
      this.metrics,
      ledger,
      this.options.handlers.map((type) => this.modules.get(type, { strict: false }).queue),
    );
  }

  /** @throws Error why Redis takes no jobs */
  async problem(redis: RedisConnections): Promise<undefined> {
    await redis.check(this.#queues.map(({ name }) => prefixOf(name)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.#sweeping?.stop(), ...this.#queues.map((queue) => queue.close())]);
  }

  /** One look for all queues of the process. */
  async #sweep(ledger: JobLedger): Promise<void> {
    const lost = Map.groupBy(await ledger.lost(this.#queues.map(({ name }) => name)), ({ queue }) => queue);
    failpoint('queue.swept');
    await Promise.all(this.#queues.map(async (queue) => lost.has(queue.name) && queue.addLost(lost.get(queue.name)!)));
    // A job that was locked when its turn came has no entry in Redis any more.
    for (const queue of this.#queues) queue.serveDue();
  }
}

/** BullMQ for one service. */
@Module({})
export class QueueModule {
  static forRoot(options: QueueOptions): DynamicModule {
    return {
      module: QueueModule,
      providers: [
        {
          provide: RedisConnections,
          useFactory: (waits: ServerWaits) => new RedisConnections(options.server, waits),
          inject: [ServerWaits],
        },
        {
          provide: WorkQueues,
          useFactory: (modules: ModuleRef, redis: RedisConnections, log: Logger, metrics: Registry) =>
            new WorkQueues(modules, options, redis, log, metrics),
          inject: [ModuleRef, RedisConnections, Logger, Registry],
        },
      ],
    };
  }

  constructor(redis: RedisConnections, queues: WorkQueues, waits: ServerWaits, health: Health) {
    health.add('redis', async () => waits.current()['redis'] ?? queues.problem(redis));
  }
}

function durationHistogram(metrics: Registry): Histogram<'queue' | 'result'> {
  return histogramIn(metrics, metricCatalog.jobDuration);
}

function backlogGauges(metrics: Registry, ledger: JobLedger, queues: string[]): void {
  gaugeIn(metrics, metricCatalog.queueJobs, async (gauge) => {
    for (const queue of queues) {
      const { queued, running } = await ledger.backlog(queue);
      gauge.set({ queue, state: 'queued' }, queued);
      gauge.set({ queue, state: 'running' }, running);
    }
  });
  gaugeIn(metrics, metricCatalog.queueOldest, async (gauge) => {
    for (const queue of queues) gauge.set({ queue }, (await ledger.backlog(queue)).oldestSeconds);
  });
}
