import { Injectable } from '@nestjs/common';
import type { RuntimeRecord } from '@tidewaiter/domain';
import type { AppliedChanges } from '@tidewaiter/store';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What operators see of the detector. */
@Injectable()
export class DetectorMetrics {
  readonly #events: Counter<'source' | 'result'>;
  readonly #lateness: Histogram;
  readonly #queueing: Histogram;
  readonly alerts: Counter<'rule'>;
  readonly #incidents: Counter<'result'>;
  readonly reloads: Counter<'result'>;
  readonly #rules: Gauge<'state'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#events = new Counter({
      name: 'tidewaiter_detector_events_total',
      help: 'Runtime events that were judged or given up',
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
      help: 'From when NATS had a batch of events to when it was judged',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300],
      registers,
    });
    this.alerts = new Counter({
      name: 'tidewaiter_detector_alerts_total',
      help: 'Alerts by the id of the rule; those of sensors have theirs in common',
      labelNames: ['rule'],
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
  }

  /** Counts the records of a batch, all of one sensor; the first stands for the lateness of all. */
  judged(records: readonly RuntimeRecord[], storedAtMs: number): void {
    const [first] = records;
    if (!first) return;
    this.#events.inc({ source: first.source, result: 'judged' }, records.length);
    const happenedMs = Date.parse(first.at);
    if (!Number.isNaN(happenedMs)) this.#lateness.observe(Math.max(0, storedAtMs - happenedMs) / 1_000);
    this.#queueing.observe(Math.max(0, Date.now() - storedAtMs) / 1_000);
  }

  loaded({ loaded, refused }: { loaded: number; refused: number }): void {
    this.#rules.set({ state: 'loaded' }, loaded);
    this.#rules.set({ state: 'refused' }, refused);
    this.reloads.inc({ result: refused === 0 ? 'whole' : 'in-part' });
  }

  applied(changes: AppliedChanges): void {
    for (const [result, count] of Object.entries(changes)) this.#incidents.inc({ result }, count);
  }

  givenUp(record: RuntimeRecord | null): void {
    this.#events.inc({ source: record?.source ?? 'unknown', result: 'given-up' });
  }
}
