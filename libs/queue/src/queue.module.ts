import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Secret } from '@tidewaiter/domain';
import { Health, Logger } from '@tidewaiter/runtime';
import { Gauge, Histogram, Registry } from 'prom-client';

import type { JobHandler, JobLedger } from './job-handler.js';
import { RedisConnections } from './redis.js';
import { WorkQueue } from './work-queue.js';

export interface QueueOptions {
  url: Secret;
  /** Durable store of the jobs; a provider that the application makes available to every module. */
  ledger: Type<JobLedger>;
  /** Job handlers of this service, one for each queue; providers of the service's own module. */
  handlers: Type<JobHandler>[];
}

/** Opens a queue for every handler when the application starts, and closes them before anything that they need. */
@Injectable()
class WorkQueues implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #queues: WorkQueue[] = [];

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
    backlogGauges(
      this.metrics,
      ledger,
      this.options.handlers.map((type) => this.modules.get(type, { strict: false }).queue),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }
}

/** BullMQ for one service. */
@Module({})
export class QueueModule {
  static forRoot(options: QueueOptions): DynamicModule {
    return {
      module: QueueModule,
      providers: [
        { provide: RedisConnections, useFactory: () => new RedisConnections(options.url) },
        {
          provide: WorkQueues,
          useFactory: (modules: ModuleRef, redis: RedisConnections, log: Logger, metrics: Registry) =>
            new WorkQueues(modules, options, redis, log, metrics),
          inject: [ModuleRef, RedisConnections, Logger, Registry],
        },
      ],
    };
  }

  constructor(redis: RedisConnections, health: Health) {
    health.add('redis', async () => redis.ping().then(() => undefined));
  }
}

function durationHistogram(metrics: Registry): Histogram<'queue' | 'result'> {
  return new Histogram({
    name: 'tidewaiter_job_duration_seconds',
    help: 'How long jobs took, by how they ended',
    labelNames: ['queue', 'result'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
    registers: [metrics],
  });
}

function backlogGauges(metrics: Registry, ledger: JobLedger, queues: string[]): void {
  const jobs = new Gauge({
    name: 'tidewaiter_queue_jobs',
    help: 'Jobs that wait or run',
    labelNames: ['queue', 'state'],
    registers: [],
    async collect() {
      for (const queue of queues) {
        const { queued, running } = await ledger.backlog(queue);
        this.set({ queue, state: 'queued' }, queued);
        this.set({ queue, state: 'running' }, running);
      }
    },
  });
  const oldest = new Gauge({
    name: 'tidewaiter_queue_oldest_seconds',
    help: 'How long the oldest due job has waited',
    labelNames: ['queue'],
    registers: [],
    async collect() {
      for (const queue of queues) this.set({ queue }, (await ledger.backlog(queue)).oldestSeconds);
    },
  });
  metrics.registerMetric(jobs);
  metrics.registerMetric(oldest);
}
