import { Injectable } from '@nestjs/common';
import { Detector, repeatsWaitMs, WideCorrelations, type WideMatch } from '@tidewaiter/detection';
import type { Observation } from '@tidewaiter/domain';
import { Logger } from '@tidewaiter/runtime';

import { DetectorConfig } from '../config.js';
import { RuleLoader } from '../rules/rule-loader.js';
import { EngineMetrics } from './engine-metrics.js';
import type { PartitionEngine } from './engine.js';
import { RuntimeFacts } from './runtime-facts.js';

/**
 * Time that storing a match and its repeats may take; later ones miss the correlations over all
 * partitions.
 */
const commitMs = 1_500 + repeatsWaitMs;

/** Engines of the partitions that this replica reads, all with the same rules and facts. */
@Injectable()
export class Engines {
  readonly #running = new Map<string, Detector | WideCorrelations>();

  constructor(
    private readonly rules: RuleLoader,
    private readonly facts: RuntimeFacts,
    private readonly config: DetectorConfig,
    private readonly metrics: EngineMetrics,
    private readonly log: Logger,
  ) {
    rules.onChange((loaded) => {
      for (const running of this.#running.values()) running.replaceRules(loaded);
    });
  }

  /** Restores a detector from a snapshot; it starts empty if another version wrote the snapshot. */
  detector(name: string, state: Uint8Array | null): PartitionEngine {
    let matches: WideMatch[] = [];
    const detector = new Detector({
      ...this.rules.current,
      facts: this.facts.context,
      allowedLatenessMs: this.config.latenessMs,
      clock: 'caller',
      onObserved: (observation: Observation) => this.facts.want(observation),
      onMissing: (observation) => this.facts.wantImageOf(observation),
      onPlaced: (observation) => this.facts.place(observation),
      onWideMatch: (match) => matches.push(match),
    });
    this.#run(name, detector, state);
    return {
      get clockMs() {
        return detector.clockMs;
      },
      observe: (record, source, index) => detector.observe(record, source, index),
      advance: (nowMs) => detector.advance(nowMs),
      takeMatches() {
        const wide = matches;
        matches = [];
        return wide;
      },
      snapshotSteps: () => detector.snapshotSteps(),
    };
  }

  /** Restores the correlations over all partitions in the same way. */
  wideCorrelations(name: string, state: Uint8Array | null): WideCorrelations {
    const correlations = new WideCorrelations(this.rules.current, this.config.latenessMs + commitMs);
    this.#run(name, correlations, state);
    return correlations;
  }

  drop(name: string): void {
    this.metrics.forget(name);
    this.#running.delete(name);
  }

  /** Resolves when the facts for the observations so far are in memory. */
  async prepare(): Promise<void> {
    await this.facts.fetchWanted(Date.now());
  }

  #run(name: string, running: Detector | WideCorrelations, state: Uint8Array | null): void {
    try {
      if (state) running.restore(state);
    } catch (err) {
      this.log.warn({ lease: name, err }, 'snapshot of another version dropped');
    }
    this.#running.set(name, running);
    this.metrics.watch(name, running);
  }
}
