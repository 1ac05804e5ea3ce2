import type { Observation, RuntimeRecord } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';
import {
  type CorrelationRule,
  Correlator,
  type Firing,
  type Match,
  type RuleInfo,
  type RuleSet,
  type SigmaEvent,
} from '@tidewaiter/sigma';

import { firingAlert, isAboutFacts, ruleAlert } from './alert-of.js';
import type { Alert } from './alert.js';
import { eventView, type Seen } from './event-view.js';
import { FileWriters, type KeptWriters } from './file-writers.js';
import { PassiveDns } from './passive-dns.js';
import { type KeptTree, ProcessTree, type TreeProcess } from './process-tree.js';
import { type KeptMap, RecentMap } from './recent-map.js';
import { ReorderBuffer } from './reorder-buffer.js';
import { type Scene, sceneOf } from './scene.js';
import { sensorAlerts } from './sensor-alerts.js';
import { readSnapshot } from './snapshot.js';

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
  /** Learns what containers run, from every observation in order of time, before it is judged. */
  ledger?: { observe(observation: Observation): void };
  /** Told of every observation when it comes, before it waits. */
  onObserved?: (observation: Observation) => void;
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

interface Waiting {
  id: string;
  /** Where it stands in the order. */
  timeMs: number;
  record: RuntimeRecord;
  observation: Observation;
}

interface KeptScene {
  scene: Scene;
  isFact: boolean;
}

const snapshotFormat = 'tidewaiter-detector/2';

interface KeptState {
  format: typeof snapshotFormat;
  watermarkMs: number | null;
  clockMs: number | null;
  waiting: { timeMs: number; record: RuntimeRecord }[];
  tree: KeptTree;
  writers: KeptWriters;
  dns: KeptMap<string>;
  recentIds: KeptMap<number>;
  recentWrites: KeptMap<number>;
  scenes: KeptMap<KeptScene>;
  counts: DetectorCounts;
  /** Base64. */
  correlations: string;
}

/** A record that a sensor or a queue repeats comes within minutes. */
const repeatWindowMs = 2 * 60_000;
const writeWindowMs = 60 * 60_000;
const maxRecentIds = 50_000;
const maxRecentWrites = 50_000;
const maxScenes = 10_000;

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
  /** As the caller last said; before, nobody knows what is ahead. */
  #clockMs = Number.POSITIVE_INFINITY;
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
    this.#counts.observed += 1;
    const observation = observe(record);
    if (this.#isRepeated(observation)) return [];
    this.#options.onObserved?.(observation);
    const isByCaller = this.#options.clock === 'caller';
    // A node whose clock is ahead waits no longer than others.
    const timeMs = isByCaller ? Math.min(observation.timeMs, this.#clockMs) : observation.timeMs;
    const item = { id: record.id, timeMs, record, observation };
    if (this.#waiting.isLate(item)) return this.#judgeLate(observation);
    this.#waiting.push(item);
    return isByCaller ? [] : this.#release(timeMs);
  }

  /** It is `timeMs` now: what waited long enough is judged, and windows close. */
  advance(timeMs: number): Alert[] {
    this.#clockMs = timeMs;
    const alerts = this.#release(timeMs);
    const firings = this.#correlator.advance(this.#waiting.watermarkMs);
    return [...alerts, ...firings.map((firing) => this.#fired(firing))];
  }

  /** Other rules from now on. What is remembered stays, and so does the state of correlations that stay as they are. */
  replaceRules({ rules, correlations }: DetectorRules): void {
    const state = this.#correlator.snapshot();
    this.#rules = rules;
    this.#correlator = newCorrelator(correlations);
    this.#correlator.restore(state);
  }

  snapshot(): Uint8Array {
    const { watermarkMs, items } = this.#waiting.snapshot();
    const kept: KeptState = {
      format: snapshotFormat,
      watermarkMs,
      clockMs: Number.isFinite(this.#clockMs) ? this.#clockMs : null,
      waiting: items.map(({ timeMs, record }) => ({ timeMs, record })),
      tree: this.#tree.snapshot(),
      writers: this.#writers.snapshot(),
      dns: this.#dns.snapshot(),
      recentIds: this.#recentIds.snapshot(),
      recentWrites: this.#recentWrites.snapshot(),
      scenes: this.#scenes.snapshot(),
      counts: this.#counts,
      correlations: Buffer.from(this.#correlator.snapshot()).toString('base64'),
    };
    return Buffer.from(JSON.stringify(kept));
  }

  /** @throws InvalidInput `SNAPSHOT_UNREADABLE` when it was written by another version: begin anew */
  restore(bytes: Uint8Array): void {
    const kept = readSnapshot<KeptState>(bytes, snapshotFormat);
    this.#clockMs = kept.clockMs ?? Number.POSITIVE_INFINITY;
    const items = kept.waiting.map(({ timeMs, record }) => ({
      id: record.id,
      timeMs,
      record,
      observation: observe(record),
    }));
    this.#waiting.restore({ watermarkMs: kept.watermarkMs, items });
    this.#tree.restore(kept.tree);
    this.#writers.restore(kept.writers);
    this.#dns.restore(kept.dns);
    this.#recentIds.restore(kept.recentIds);
    this.#recentWrites.restore(kept.recentWrites);
    this.#scenes.restore(kept.scenes);
    Object.assign(this.#counts, kept.counts);
    this.#correlator.restore(Buffer.from(kept.correlations, 'base64'));
  }

  #release(nowMs: number): Alert[] {
    const alerts: Alert[] = [];
    for (const { observation, timeMs } of this.#waiting.advance(nowMs))
      alerts.push(...this.#judge(observation, timeMs));
    return alerts;
  }

  /**
   * Of a recording, the order is all there is, and what is out of it correlates with nothing. Live, clouds deliver their logs minutes late, as a rule:
   * they count from when they come.
   */
  #judgeLate(observation: Observation): Alert[] {
    this.#counts.late += 1;
    return this.#judge(observation, this.#options.clock === 'caller' ? this.#waiting.watermarkMs : null);
  }

  /** Rules look at what was remembered up to the event itself; what it adds to the suspicions counts from the next one on. */
  #judge(observed: Observation, correlatedMs: number | null): Alert[] {
    const observation = this.#dns.named(observed);
    const process = this.#remember(observation);
    if (this.#isRepeatedWrite(observation)) {
      this.#counts.repeatedWrites += 1;
      return [];
    }
    const seen: Seen = { observation, process, tree: this.#tree, writers: this.#writers, facts: this.#options.facts };
    const event = eventView(seen);
    const matches = this.#rules.match(event);
    if (matches.length === 0 && observation.alert === null) return [];
    const scene = sceneOf(seen);
    const telling = matches.filter(({ rule }) => !this.#rules.isPart(rule));
    const alerts =
      observation.alert === null
        ? telling.map((match) => ruleAlert(match, scene, seen))
        : sensorAlerts(telling, scene, seen);
    if (matches.length > 0) alerts.push(...this.#correlate(seen, event, matches, scene, correlatedMs));
    if (process !== null) for (const alert of alerts) this.#suspect(process, alert, observation.timeMs);
    return alerts;
  }

  #remember(observation: Observation): TreeProcess | null {
    this.#dns.note(observation);
    this.#options.ledger?.observe(observation);
    const process = this.#tree.note(observation);
    if (process !== null && observation.activity === 'file') {
      const executables = [process, ...this.#tree.ancestors(process)].flatMap(({ executable }) => executable ?? []);
      this.#writers.note(observation, executables);
    }
    return process;
  }

  #correlate(seen: Seen, event: SigmaEvent, matches: readonly Match[], scene: Scene, timeMs: number | null): Alert[] {
    const { observation } = seen;
    const rules = matches.map(({ rule }) => rule);
    this.#options.onMatch?.({ observation, event, rules, scene });
    if (timeMs === null) return [];
    this.#scenes.set(observation.id, { scene, isFact: matches.some(isAboutFacts) });
    const firings = this.#correlator.observe({ id: observation.id, timeMs, event, rules });
    return firings.map((firing) => this.#fired(firing));
  }

  #fired(firing: Firing): Alert {
    const members = firing.events.flatMap((id) => this.#scenes.get(id) ?? []);
    return firingAlert(
      firing,
      members.map(({ scene }) => scene),
      members.some(({ isFact }) => isFact),
    );
  }

  #suspect(process: TreeProcess, { lowered, weight, finding, rule }: Alert, timeMs: number): void {
    if (lowered === null && weight !== 'context') this.#tree.suspect(process, finding ?? rule.title, timeMs);
  }

  #isRepeated({ id, timeMs }: Observation): boolean {
    const before = this.#recentIds.replace(id, timeMs);
    if (before === undefined || Math.abs(timeMs - before) > repeatWindowMs) return false;
    this.#counts.duplicates += 1;
    return true;
  }

  /** A process that writes a file writes it many times. */
  #isRepeatedWrite({ activity, file, process, timeMs }: Observation): boolean {
    if (activity !== 'file' || file?.access !== 'write' || process?.execId == null) return false;
    const key = `${process.execId}:${file.path}`;
    const before = this.#recentWrites.get(key);
    if (before !== undefined && timeMs - before < writeWindowMs) return true;
    this.#recentWrites.set(key, timeMs);
    return false;
  }
}

function newCorrelator(correlations: readonly CorrelationRule[]): Correlator {
  // What arrives is in order.
  return new Correlator(correlations, { allowedLatenessMs: 0 });
}
