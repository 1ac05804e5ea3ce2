import { Injectable } from '@nestjs/common';
import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import type { RuntimeRecord } from '@tidewaiter/domain';
import { counterIn, gaugeIn, histogramIn, metricCatalog, Health } from '@tidewaiter/runtime';
import type { AppliedChanges } from '@tidewaiter/store';
import { type Counter, type Gauge, type Histogram, Registry } from 'prom-client';

/** Lag of a partition behind the stream. */
export interface PartitionLag {
  partition: string;
  messages: number;
  ms: number;
}

/** Lag above which a partition shows that the detector does not keep up. */
const maxLagMs = 60_000;

/** Metrics of the detector. */
@Injectable()
export class DetectorMetrics {
  readonly #events: Counter<'source' | 'result'>;
  readonly #lateness: Histogram;
  readonly #queueing: Histogram;
  readonly #alerts: Counter<'rule'>;
  readonly #droppedMatches: Counter;
  readonly #stateBytes: Gauge<'partition'>;
  #lags: () => PartitionLag[] = () => [];
  readonly #incidents: Counter<'result'>;
  readonly reloads: Counter<'result'>;
  readonly #rules: Gauge<'state'>;

  constructor(registry: Registry, health: Health) {
    this.#events = counterIn(registry, metricCatalog.detectorEvents);
    this.#lateness = histogramIn(registry, metricCatalog.eventLateness);
    this.#queueing = histogramIn(registry, metricCatalog.eventQueueing);
    this.#alerts = counterIn(registry, metricCatalog.detectorAlerts);
    this.#droppedMatches = counterIn(registry, metricCatalog.droppedMatches);
    this.#incidents = counterIn(registry, metricCatalog.incidentChanges);
    this.reloads = counterIn(registry, metricCatalog.ruleLoads);
    this.#rules = gaugeIn(registry, metricCatalog.detectorRules);
    this.#stateBytes = gaugeIn(registry, metricCatalog.partitionState);
    const lags = () => this.#lags();
    gaugeIn(registry, metricCatalog.partitionWaiting, (gauge) => {
      gauge.reset();
      for (const { partition, messages } of lags()) gauge.set({ partition }, messages);
    });
    health.add('partitions', async () => {
      const behind = lags().filter(({ ms }) => ms > maxLagMs).length;
      return behind > 0 ? `${behind} partitions are more than a minute behind` : undefined;
    });
  }

  /** Sets the source of the partitions' lags. */
  watchPartitions(lags: () => PartitionLag[]): void {
    this.#lags = lags;
  }

  /** Counts the stored alerts of a partition. */
  stored(alerts: readonly DetectionAlert[]): void {
    for (const { rule, bySensor } of alerts) this.#alerts.inc({ rule: bySensor ? 'sensor' : rule.id });
  }

  snapshotStored(partition: string, stateBytes: number): void {
    this.#stateBytes.set({ partition }, stateBytes);
  }

  /** Counts the records of a batch, all of one sensor; the first one gives the lateness of all. */
  evaluated(records: readonly RuntimeRecord[], storedAtMs: number): void {
    const [first] = records;
    if (!first) return;
    this.#events.inc({ source: first.source, result: 'evaluated' }, records.length);
    const happenedMs = Date.parse(first.at);
    if (!Number.isNaN(happenedMs)) this.#lateness.observe(Math.max(0, storedAtMs - happenedMs) / 1_000);
    this.#queueing.observe(Math.max(0, Date.now() - storedAtMs) / 1_000);
  }

  dropped(matches: readonly WideMatch[]): void {
    for (const { repeats = [] } of matches) this.#droppedMatches.inc(repeats.length + 1);
  }

  loaded({ loaded, refused }: { loaded: number; refused: number }): void {
    this.#rules.set({ state: 'loaded' }, loaded);
    this.#rules.set({ state: 'refused' }, refused);
    this.reloads.inc({ result: refused === 0 ? 'whole' : 'in-part' });
  }

  applied(changes: AppliedChanges): void {
    for (const [result, count] of Object.entries(changes)) this.#incidents.inc({ result }, count);
  }

  deadLettered(record: RuntimeRecord | null): void {
    this.#events.inc({ source: record?.source ?? 'unknown', result: 'given-up' });
  }
}
