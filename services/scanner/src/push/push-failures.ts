import { Injectable } from '@nestjs/common';
import { draft, imageFailed } from '@tidewaiter/events';
import { type Push, Pushes, type Transaction } from '@tidewaiter/store';

import { pushSubject } from './push-subject.js';

/** Ends pushes without a verdict, and publishes the failure. */
@Injectable()
export class PushFailures {
  constructor(private readonly pushes: Pushes) {}

  /** Ends a push and returns it; null for a push that ended before, which stays unchanged. */
  async end(
    tx: Transaction,
    id: string,
    outcome: 'refused' | 'dead-lettered',
    code: string,
    reason: string,
  ): Promise<Push | null> {
    const push = await this.pushes.failed(tx, id, outcome, code, reason);
    if (!push) return null;
    const { connection, repository, tag, digest } = push;
    await tx.emit(
      draft(imageFailed, pushSubject(push), { pushId: id, connection, repository, tag, digest, outcome, code, reason }),
    );
    return push;
  }
}
