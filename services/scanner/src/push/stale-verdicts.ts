import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { Verdicts } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { RematchTransitions } from '../rematch/rematch-transitions.js';

const intervalMs = 30_000;

/**
 * Queues outdated verdicts for reevaluation, oldest first: when analyzers or matching changed, a
 * rule was rewritten or an exception ended.
 */
@Injectable()
export class StaleVerdicts {
  constructor(
    private readonly steps: RematchTransitions,
    private readonly analysis: Analysis,
    private readonly evaluations: Verdicts,
  ) {}

  @Every(intervalMs)
  async queueStale(): Promise<void> {
    const { imageVersion, configVersion, reader } = this.analysis;
    const rulesVersion = await this.evaluations.rulesVersion();
    await this.steps.queueOutdated({ imageVersion, configVersion, rulesVersion, ...reader });
  }
}
