import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { Jobs, jobsOf, Pushes, Store } from '@tidewaiter/store';

import { Signers } from './signers.js';
import { attachedKey } from './verify-attached.js';

const intervalMs = 30_000;
/** Limit on waiting images, so that signatures that arrive meanwhile are not held up for long. */
const maxWaiting = 50;

/**
 * Queues images whose signers were changed, added or removed since they were verified: their
 * signatures are in the registry.
 */
@Injectable()
export class StaleSignatures {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly jobs: Jobs,
    private readonly signers: Signers,
  ) {}

  @Every(intervalMs)
  async queueStale(): Promise<void> {
    const { queued } = await this.jobs.backlog('attached');
    if (queued >= maxWaiting) return;
    const outdated = (await this.pushes.verifiedBy()).filter(
      ({ repository, signersVersion }) => this.signers.versionOf(repository) !== signersVersion,
    );
    if (outdated.length === 0) return;
    await this.store.transaction(async (tx) => {
      const found = await this.pushes.verifiedWith(tx, outdated, maxWaiting - queued);
      await tx.enqueue(
        ...jobsOf(
          'attached',
          found.map(({ id, digest }) => attachedKey(id, digest)),
          'bulk',
        ),
      );
    });
  }
}
