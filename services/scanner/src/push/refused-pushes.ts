import { Injectable } from '@nestjs/common';
import { Every, Logger } from '@tidewaiter/runtime';
import { Jobs, Pushes, Store } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';

const intervalMs = 30_000;
/** Limit on waiting pushes: after an upgrade the refused ones of years are tried in batches. */
const maxWaiting = 50;

/** Tries pushes again that were refused under other limits or by an older version. */
@Injectable()
export class RefusedPushes {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly jobs: Jobs,
    private readonly analysis: Analysis,
    private readonly logger: Logger,
  ) {}

  @Every(intervalMs)
  async retry(): Promise<void> {
    const { queued } = await this.jobs.backlog('push');
    if (queued >= maxWaiting) return;
    const retried = await this.store.transaction(async (tx) => {
      const refused = await this.pushes.refusedByOthers(tx, this.analysis.resolver, maxWaiting - queued);
      return this.pushes.retry(tx, refused, 'bulk');
    });
    if (retried.length > 0) this.logger.info({ pushes: retried.length }, 'refused pushes requeued');
  }
}
