import { Injectable } from '@nestjs/common';
import { draft, imageFailed } from '@tidewaiter/events';
import { type Push, Pushes, type Transaction } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { pushSubject } from './push-subject.js';

/** Ends pushes without a verdict, and publishes the failure. */
@Injectable()
export class PushFailures {
  constructor(
    private readonly pushes: Pushes,
    private readonly analysis: Analysis,
  ) {}

  /**
   * Ends a push and returns it; null for a push that ended before, which stays unchanged. A push
   * that was tried again and failed as before is not announced again.
   */
  async end(
    tx: Transaction,
    id: string,
    outcome: 'refused' | 'dead-lettered',
    code: string,
    reason: string,
  ): Promise<Push | null> {
    const before = await this.pushes.failureBefore(tx, id);
    const push = await this.pushes.failed(tx, id, outcome, code, reason, this.analysis.resolver);
    if (!push) return null;
    if (before === code && outcome === 'refused') return push;
    const { connection, repository, tag, digest } = push;
    await tx.emit(
      draft(imageFailed, pushSubject(push), { pushId: id, connection, repository, tag, digest, outcome, code, reason }),
    );
    return push;
  }
}
