import { Injectable } from '@nestjs/common';
import type { DetectorCounts } from '@tidewaiter/detection';
import { counterIn, gaugeIn, metricCatalog } from '@tidewaiter/runtime';
import type { CorrelatorFigures } from '@tidewaiter/sigma';
import { type Counter, Registry } from 'prom-client';

/** Figures of an engine, readable at any time. An engine that only correlates has no `counts`. */
export interface WatchedEngine {
  counts?: Readonly<DetectorCounts>;
  correlation: CorrelatorFigures;
}

interface Watched {
  engine: WatchedEngine;
  /** Figures already counted in the metrics. */
  irregular: Record<string, number>;
  losses: Record<string, number>;
}

/**
 * Metrics that the engines of this replica count themselves, read on each scrape and when an engine
 * ends.
 */
@Injectable()
export class EngineMetrics {
  readonly #watched = new Map<string, Watched>();
  readonly #irregular: Counter<'kind'>;
  readonly #losses: Counter<'kind'>;

  constructor(registry: Registry) {
    const count = () => this.#count();
    const watched = this.#watched;
    this.#irregular = counterIn(registry, metricCatalog.irregularEvents, count);
    this.#losses = counterIn(registry, metricCatalog.correlationLosses, count);
    gaugeIn(registry, metricCatalog.correlationGroups, (gauge) => {
      gauge.reset();
      for (const [partition, { engine }] of watched) gauge.set({ partition }, engine.correlation.groups);
    });
  }

  /** Counts from now on: another replica has exported what the engine counted before. */
  watch(name: string, engine: WatchedEngine): void {
    this.#watched.set(name, { engine, irregular: irregularOf(engine), losses: lossesOf(engine) });
  }

  forget(name: string): void {
    this.#count();
    this.#watched.delete(name);
  }

  #count(): void {
    for (const watched of this.#watched.values()) {
      const [irregular, losses] = [irregularOf(watched.engine), lossesOf(watched.engine)];
      addGrowth(this.#irregular, watched.irregular, irregular);
      addGrowth(this.#losses, watched.losses, losses);
      Object.assign(watched, { irregular, losses });
    }
  }
}

function irregularOf({ counts }: WatchedEngine): Record<string, number> {
  if (!counts) return {};
  return { late: counts.late, duplicate: counts.duplicates, 'repeated-write': counts.repeatedWrites };
}

function lossesOf({ correlation }: WatchedEngine): Record<string, number> {
  const { droppedGroups, droppedEntries, lateEvents, hurriedEvents } = correlation;
  return { group: droppedGroups, entry: droppedEntries, 'late-event': lateEvents, 'hurried-event': hurriedEvents };
}

/** Replacing the rules resets some counters to zero. */
function addGrowth(counter: Counter<'kind'>, before: Record<string, number>, now: Record<string, number>): void {
  for (const [kind, value] of Object.entries(now)) {
    const last = before[kind] ?? 0;
    counter.inc({ kind }, value >= last ? value - last : value);
  }
}
