import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import { Verdicts } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { RematchTransitions } from '../rematch/rematch-transitions.js';

const intervalMs = 30_000;

/**
 * Queues outdated verdicts for reevaluation, oldest first: when analyzers or matching changed, a
 * rule was rewritten or an exception ended.
 */
@Injectable()
export class StaleVerdicts implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #looking: Repetition | undefined;

  constructor(
    private readonly steps: RematchTransitions,
    private readonly analysis: Analysis,
    private readonly evaluations: Verdicts,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#looking = repeat(async () => this.#look(), intervalMs, this.logger);
  }

  async #look(): Promise<void> {
    const { imageVersion, configVersion, reader } = this.analysis;
    const rulesVersion = this.evaluations.rulesVersion();
    await this.steps.queueOutdated({ imageVersion, configVersion, rulesVersion, ...reader });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looking?.stop();
  }
}
