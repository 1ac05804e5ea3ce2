import { Injectable } from '@nestjs/common';
import { draft, imageFailed } from '@tidewaiter/events';
import { type Push, Pushes, type Transaction } from '@tidewaiter/store';

import { pushSubject } from './push-subject.js';

/** Ends pushes that get no verdict, and publishes the failure. */
@Injectable()
export class PushFailures {
  constructor(private readonly pushes: Pushes) {}

  /** Ends a push and returns it; null for one that has ended before, which stays as it is. */
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
