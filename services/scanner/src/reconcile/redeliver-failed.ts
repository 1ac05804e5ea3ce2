import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { AccessDenied, NotFound } from '@tidewaiter/domain';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger, failpoint } from '@tidewaiter/runtime';
import { type ClaimedJob, Jobs, Store } from '@tidewaiter/store';

import { ScannerMetrics } from '../scanner-metrics.js';
import { GithubHooks } from './github-hooks.js';
import { redeliveriesOf } from './redeliveries.js';

/** Retention of deliveries at GitHub. */
const lookBackMs = 3 * 86_400_000;
/** Limit on deliveries that one run requests again; the next run continues. */
const maxRedeliveries = 200;
/** Pause between requests that change something, as GitHub requires. */
const pauseMs = 1_000;

/**
 * Requests failed deliveries of GitHub again: unlike other registries, GitHub never retries by
 * itself. A redelivery is handled like every webhook. The key of the job is the name of the
 * connection.
 */
@Injectable()
export class RedeliverFailed implements JobHandler<ClaimedJob> {
  readonly queue = 'redeliver';
  readonly concurrency = 1;
  readonly retryDelaysMs = [60_000, 600_000];
  readonly timeoutMs = 900_000;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly hooks: GithubHooks,
    private readonly logger: Logger,
    private readonly metrics: ScannerMetrics,
  ) {}

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    try {
      await this.#look(job.key, signal);
    } catch (error) {
      // The operator must fix it; until then every run would end as a dead letter.
      if (!(error instanceof AccessDenied || error instanceof NotFound)) throw error;
      this.logger.warn({ connection: job.key, code: error.code, err: error }, 'hook redelivery failed');
    }
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.jobs.fail(job, { ...problem, retryInMs: null });
  }

  async #look(connection: string, signal: AbortSignal): Promise<void> {
    const hook = this.hooks.hook(connection);
    const nowMs = Date.now();
    const found = await hook.attempts(nowMs - lookBackMs, signal);
    if (found === null) return;
    const { ids, isSettled } = redeliveriesOf(found.attempts, { nowMs, max: maxRedeliveries });
    for (const [index, id] of ids.entries()) {
      if (index > 0) await sleep(pauseMs, undefined, { signal });
      if (await hook.redeliver(id, signal)) this.metrics.redeliveries.inc({ source: connection });
      failpoint('redeliver.requested');
    }
    if (isSettled) hook.settled(found.etag);
    if (ids.length > 0) this.logger.info({ connection, deliveries: ids.length }, 'hook redelivery requested');
  }
}
