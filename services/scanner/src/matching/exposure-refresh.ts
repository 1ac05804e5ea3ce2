import { Injectable } from '@nestjs/common';
import { Every, Logger } from '@tidewaiter/runtime';
import { FleetExposure } from '@tidewaiter/store';

const pauseMs = 15_000;

/**
 * Keeps the counts of the lists of vulnerabilities and fixes within a minute of the fleet. After a
 * count that took long it waits longer, so that counting takes a tenth of one core at most.
 */
@Injectable()
export class ExposureRefresh {
  #restUntilMs = 0;

  constructor(
    private readonly exposure: FleetExposure,
    private readonly logger: Logger,
  ) {}

  @Every(pauseMs)
  async refresh(): Promise<void> {
    const startMs = performance.now();
    if (startMs < this.#restUntilMs) return;
    const outcome = await this.exposure.refresh();
    const tookMs = performance.now() - startMs;
    this.#restUntilMs = startMs + 10 * tookMs;
    if (outcome === 'counted') this.logger.debug({ duration_ms: Math.round(tookMs) }, 'exposure counted');
  }
}
