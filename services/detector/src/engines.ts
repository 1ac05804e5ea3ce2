import { Inject, Injectable } from '@nestjs/common';
import { Detector } from '@tidewaiter/detection';
import type { Observation } from '@tidewaiter/domain';
import { Logger } from '@tidewaiter/runtime';

import { EngineMetrics } from './engine-metrics.js';
import type { Engine } from './engine.js';
import { LoadedRules } from './loaded-rules.js';
import { RuntimeFacts } from './runtime-facts.js';

/** How long an event waits for earlier ones, in milliseconds. */
export const LATENESS = Symbol('lateness');

/** What judges, one for each partition that this replica reads, all by the same rules and facts. */
@Injectable()
export class Engines {
  readonly #detectors = new Map<string, Detector>();

  constructor(
    private readonly rules: LoadedRules,
    private readonly facts: RuntimeFacts,
    @Inject(LATENESS) private readonly allowedLatenessMs: number,
    private readonly metrics: EngineMetrics,
    private readonly log: Logger,
  ) {
    rules.onChange(({ rules: set, correlations }) => {
      for (const detector of this.#detectors.values()) detector.replaceRules({ rules: set, correlations });
    });
  }

  /** One that remembers what a snapshot says; nothing, where another version wrote it. */
  make(name: string, state: Uint8Array | null): Engine {
    const { rules, correlations } = this.rules.current;
    const detector = new Detector({
      rules,
      correlations,
      facts: this.facts.context,
      allowedLatenessMs: this.allowedLatenessMs,
      clock: 'caller',
      onObserved: (observation: Observation) => this.facts.want(observation),
    });
    if (state) this.#restore(name, detector, state);
    this.#detectors.set(name, detector);
    this.metrics.watch(name, detector);
    return detector;
  }

  drop(name: string): void {
    this.metrics.forget(name);
    this.#detectors.delete(name);
  }

  /** Resolves when what was wanted of the observations so far is in memory. */
  async prepare(): Promise<void> {
    await this.facts.fetchWanted(Date.now());
  }

  #restore(name: string, detector: Detector, state: Uint8Array): void {
    try {
      detector.restore(state);
    } catch (err) {
      this.log.warn({ lease: name, err }, 'memory of another version dropped');
    }
  }
}
