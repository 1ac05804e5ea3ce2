import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { Logger } from '@tidewaiter/runtime';
import { SuspectPushes } from '@tidewaiter/store';

/**
 * The detector decides within half of that; it may be away, and then a push is reported by itself.
 */
const decisionMs = 45_000;
const askAgainMs = 500;

/**
 * Whether an incident reports a push with moved tags or another identity. The detector decides it a
 * moment after the analysis.
 */
@Injectable()
export class IncidentDecision {
  constructor(
    private readonly suspects: SuspectPushes,
    private readonly logger: Logger,
  ) {}

  /** Waits for the decision; at once false of a push that is not suspect. */
  async isInIncident(pushId: string): Promise<boolean> {
    const deadline = Date.now() + decisionMs;
    for (;;) {
      const isInIncident = await this.suspects.isInIncident(pushId);
      if (isInIncident === true) this.logger.info({ push_id: pushId }, 'push reported by its incident');
      if (isInIncident !== null) return isInIncident;
      if (Date.now() >= deadline) return false;
      await sleep(askAgainMs);
    }
  }
}
