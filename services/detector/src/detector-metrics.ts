import { Injectable } from '@nestjs/common';
import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import type { RuntimeRecord } from '@tidewaiter/domain';
import { Health } from '@tidewaiter/runtime';
import type { AppliedChanges } from '@tidewaiter/store';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

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
    const registers = [registry];
    this.#events = new Counter({
      name: 'tidewaiter_detector_events_total',
      help: 'Runtime events that were evaluated or given up',
      labelNames: ['source', 'result'],
      registers,
    });
    this.#lateness = new Histogram({
      name: 'tidewaiter_detector_event_lateness_seconds',
      help: 'From when an event happened, by its own clock, to when NATS had it',
      buckets: [0.1, 0.5, 1, 5, 30, 300, 3_600],
      registers,
    });
    this.#queueing = new Histogram({
      name: 'tidewaiter_detector_queue_seconds',
      help: 'From when NATS had a batch of events to when it was evaluated',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300],
      registers,
    });
    this.#alerts = new Counter({
      name: 'tidewaiter_detector_alerts_total',
      help: 'Alerts by the id of the rule; those of sensors have theirs in common',
      labelNames: ['rule'],
      registers,
    });
    this.#droppedMatches = new Counter({
      name: 'tidewaiter_detector_unkept_matches_total',
      help: 'Matches that correlations over all partitions never saw, because too many waited',
      registers,
    });
    this.#incidents = new Counter({
      name: 'tidewaiter_detector_incident_changes_total',
      help: 'What became of incidents',
      labelNames: ['result'],
      registers,
    });
    this.reloads = new Counter({
      name: 'tidewaiter_detector_rule_loads_total',
      help: 'How often rules were read, by whether all of them were fit for use',
      labelNames: ['result'],
      registers,
    });
    this.#rules = new Gauge({
      name: 'tidewaiter_detector_rules',
      help: 'Rules in use, and rules that were refused',
      labelNames: ['state'],
      registers,
    });
    this.#stateBytes = new Gauge({
      name: 'tidewaiter_detector_state_bytes',
      help: 'What is remembered of a partition, as of its last snapshot',
      labelNames: ['partition'],
      registers,
    });
    const lags = () => this.#lags();
    registry.registerMetric(
      new Gauge({
        name: 'tidewaiter_detector_partition_waiting_messages',
        help: 'Messages of a partition that are not evaluated yet',
        labelNames: ['partition'],
        registers: [],
        collect() {
          this.reset();
          for (const { partition, messages } of lags()) this.set({ partition }, messages);
        },
      }),
    );
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
