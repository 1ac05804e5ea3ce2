import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';

import { Analysis } from './analysis.js';
import { RematchSteps } from './rematch-steps.js';

const intervalMs = 30_000;

/** Sees to it that everything is judged anew, oldest first, when the analyzers or the matching have become better. */
@Injectable()
export class StaleVerdicts implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #looking: Repetition | undefined;

  constructor(
    private readonly steps: RematchSteps,
    private readonly analysis: Analysis,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#looking = repeat(() => this.steps.queueOutdated(this.analysis.version), intervalMs, this.logger);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looking?.stop();
  }
}
