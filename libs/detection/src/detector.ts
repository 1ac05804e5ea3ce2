import type { Observation, RuntimeRecord } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';
import { type CorrelationRule, Correlator, type Match, type RuleInfo, type RuleSet, type SigmaEvent } from '@tidewaiter/sigma';

import type { Alert } from './alert.js';
import { isLevelAtLeast } from './alert.js';
import { firingAlert, ruleAlert, sensorAlert } from './alert-of.js';
import { eventView, type Seen } from './event-view.js';
import { FileWriters } from './file-writers.js';
import { PassiveDns } from './passive-dns.js';
import { ProcessTree } from './process-tree.js';
import { RecentMap } from './recent-map.js';
import { ReorderBuffer } from './reorder-buffer.js';
import { type Scene, sceneOf } from './scene.js';

export interface DetectorRules {
  rules: RuleSet;
  correlations: readonly CorrelationRule[];
}

export interface DetectorOptions extends DetectorRules {
  facts: FactContext;
  /** How long an event waits for earlier ones. Later ones are judged, but take no part in correlations. */
  allowedLatenessMs: number;
  /** Whether time goes by the events themselves, as in a replay, or by {@link Detector.advance} alone. */
  clock?: 'events' | 'caller';
  /** Told of every event that a rule matched: what correlations over several detectors are made of. */
  onMatch?: (match: { observation: Observation; event: SigmaEvent; rules: readonly RuleInfo[]; scene: Scene }) => void;
}

/** What a detector has done, for metrics. */
export interface DetectorCounts {
  observed: number;
  duplicates: number;
  late: number;
  repeatedWrites: number;
}

/** A record that a sensor or a queue repeats comes within minutes. */
const repeatWindowMs = 2 * 60_000;
const maxRecentIds = 200_000;
const maxRecentWrites = 100_000;
const maxScenes = 20_000;

/**
 * Records in, alerts out: observed, put in order, seen before what is remembered and known, judged by rules, correlated. Pure and synchronous: the
 * same records and the same times give the same alerts.
 */
export class Detector {
  readonly #options: DetectorOptions;
  #rules: RuleSet;
  #correlator: Correlator;
  readonly #waiting: ReorderBuffer<Waiting>;
  readonly #tree = new ProcessTree();
  readonly #writers = new FileWriters();
  readonly #dns = new PassiveDns();
  readonly #recentIds = new RecentMap<number>(maxRecentIds);
  readonly #recentWrites = new RecentMap<number>(maxRecentWrites);
  /** Of events that a correlation may come back to. */
  readonly #scenes = new RecentMap<KeptScene>(maxScenes);
  readonly #counts: DetectorCounts = { observed: 0, duplicates: 0, late: 0, repeatedWrites: 0 };

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#correlator = newCorrelator(options.correlations);
    this.#waiting = new ReorderBuffer(options.allowedLatenessMs);
  }

  get counts(): Readonly<DetectorCounts> {
    return this.#counts;
  }

  /** Events that wait for earlier ones. */
  get waiting(): number {
    return this.#waiting.size;
  }

  observe(record: RuntimeRecord): Alert[] {
    const observation = observe(record);
    this.#counts.observed += 1;
    if (this.#isRepeated(observation)) return [];
    const item = { id: record.id, timeMs: observation.timeMs, record };
    if (this.#waiting.isLate(item)) {
      this.#counts.late += 1;
      return this.#judge(observation, 'late');
    }
    this.#waiting.push(item);
    return this.#options.clock === 'caller' ? [] : this.#release(observation.timeMs);
  }

  /** It is `timeMs` now: what waited long enough is judged, and windows close. */
  advance(timeMs: number): Alert[] {
    const alerts = this.#release(timeMs);
    const firings = this.#correlator.advance(this.#waiting.watermarkMs);
    return [...alerts, ...firings.map((firing) => this.#fired(firing))];
  }
}
