import type { Observation, RuntimeRecord } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';
import { nativeMembers, observe } from '@tidewaiter/sensors';
import type { CorrelatedEvent, CorrelatorFigures, Match, RuleSet } from '@tidewaiter/sigma';

import { asksForFacts, isAboutFacts, ruleAlert } from './alert-of.js';
import type { Alert } from './alert.js';
import { type DetectorRules, isLocal, wideCorrelations } from './correlation-reach.js';
import { Correlations, type KeptCorrelations, type MatchedEvent, sceneOfMatched } from './correlations.js';
import { eventView, type Seen } from './event-view.js';
import { FileWriters, type KeptWriters } from './file-writers.js';
import { PassiveDns } from './passive-dns.js';
import { type KeptTree, ProcessTree, type TreeProcess } from './process-tree.js';
import { type KeptMap, RecentMap } from './recent-map.js';
import { type KeptPairs, RecentPairs } from './recent-pairs.js';
import { ReorderBuffer } from './reorder-buffer.js';
import { revisionsOf } from './revision.js';
import { type Scene, sceneOf } from './scene.js';
import { sensorAlerts } from './sensor-alerts.js';
import { readSnapshot } from './snapshot.js';
import { type KeptUnplaced, UnplacedEvents } from './unplaced-events.js';
import {
  bringNative,
  leaveNative,
  nativeOf,
  recordOf,
  type RecordSource,
  type WaitingEvent,
  waitingEvent,
} from './waiting-event.js';
import { WideParts, type WideMatch } from './wide-correlations.js';
import { type KeptRepeats, WideRepeats } from './wide-repeats.js';

export interface DetectorOptions extends DetectorRules {
  facts: FactContext;
  /** How long an event waits for earlier ones. Of a recording, later ones are judged, but take no part in correlations. */
  allowedLatenessMs: number;
  /** Whether time goes by the events themselves, as in a replay, or by {@link Detector.advance} alone. */
  clock?: 'events' | 'caller';
  /** Learns what containers run, from every observation in order of time, before it is judged. */
  ledger?: { observe(observation: Observation): void };
  /** Told of every observation when it comes, before it waits. */
  onObserved?: (observation: Observation) => void;
  /** Told every second of containers of which something is missing, so that it is fetched. */
  onMissing?: (observation: Observation) => void;
  /** Told of an observation that is judged again, since more is known of its container. */
  onPlaced?: (observation: Observation) => void;
  /** Is given what correlations over several detectors are made of. Without it, this detector is the only one. */
  onWideMatch?: (match: WideMatch) => void;
}

/** What a detector has done, for metrics. */
export interface DetectorCounts {
  observed: number;
  duplicates: number;
  late: number;
  repeatedWrites: number;
}

const snapshotFormat = 'tidewaiter-detector/5';

interface KeptState {
  format: typeof snapshotFormat;
  watermarkMs: number | null;
  clockMs: number | null;
  waiting: { timeMs: number; record: RuntimeRecord }[];
  tree: KeptTree;
  writers: KeptWriters;
  dns: KeptMap<string>;
  recentIds: KeptPairs<string, number>;
  recentWrites: KeptMap<number>;
  counts: DetectorCounts;
  correlations: KeptCorrelations;
  wide: KeptCorrelations;
  wideRepeats: KeptRepeats;
  unplaced: KeptUnplaced;
}

/** A record that a sensor or a queue repeats comes within minutes. */
const repeatWindowSeconds = 2 * 60;
const writeWindowMs = 60 * 60_000;
/** Interval at which events of unknown containers are judged again. */
const judgeAgainMs = 1_000;
const maxRecentIds = 50_000;
const maxRecentWrites = 50_000;

/**
 * Records in, alerts out: observed, put in order, seen before what is remembered and known, judged by rules, correlated. Pure and synchronous: the
 * same records and the same times give the same alerts.
 */
export class Detector {
  readonly #options: DetectorOptions;
  #rules: RuleSet;
  readonly #correlations: Correlations;
  /** Those over several detectors, where this is the only one. */
  readonly #wide: Correlations;
  #wideParts: WideParts;
  readonly #wideRepeats = new WideRepeats((match) => this.#options.onWideMatch?.(match));
  /** In what members of a sensor's event a rule may look. */
  #members: ReadonlySet<string>;
  readonly #waiting: ReorderBuffer<WaitingEvent>;
  readonly #tree = new ProcessTree();
  readonly #writers = new FileWriters();
  readonly #dns = new PassiveDns();
  /** By node, which tells the same record again. */
  readonly #recentIds = new RecentPairs<string, number>(maxRecentIds);
  readonly #recentWrites = new RecentMap<number>(maxRecentWrites);
  readonly #unplaced: UnplacedEvents;
  #judgedAgainMs = Number.NEGATIVE_INFINITY;
  /** As the caller last said; before, nobody knows what is ahead. */
  #clockMs = Number.POSITIVE_INFINITY;
  readonly #counts: DetectorCounts = { observed: 0, duplicates: 0, late: 0, repeatedWrites: 0 };

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#correlations = new Correlations(options.correlations.filter((each) => isLocal(each, options)));
    this.#wide = new Correlations([...wideCorrelations(options)]);
    this.#wideParts = new WideParts(options);
    this.#members = nativeMembers(options.rules.fields);
    this.#waiting = new ReorderBuffer(options.allowedLatenessMs);
    this.#unplaced = new UnplacedEvents(options.facts);
  }

  get counts(): Readonly<DetectorCounts> {
    return this.#counts;
  }

  get correlation(): CorrelatorFigures {
    return this.#correlations.figures;
  }

  /** Events that wait for earlier ones. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** @param source where the record can be read again, as number `index`: without it, all of it waits in memory */
  observe(record: RuntimeRecord, source: RecordSource | null = null, index = 0): Alert[] {
    this.#counts.observed += 1;
    const observation = observe(record);
    if (this.#isRepeated(observation)) return [];
    this.#options.onObserved?.(observation);
    const isByCaller = this.#options.clock === 'caller';
    const timeMs = isByCaller ? this.#placeOf(observation) : observation.timeMs;
    const event = waitingEvent(record, observation, timeMs);
    if (this.#waiting.isLate(event)) return this.#judgeLate(event);
    // A ledger that learns when the event is judged looks into its words.
    if (source !== null && this.#options.ledger === undefined) leaveNative(event, this.#members, source, index);
    this.#waiting.push(event);
    return isByCaller ? [] : this.#release(timeMs);
  }

  /**
   * Where the caller has the clock, every event waits at least until he moves it: what it will be asked can be fetched meanwhile. Clouds deliver their
   * logs minutes late, as a rule: they count from when they come. A node whose clock is ahead waits no longer than others.
   */
  #placeOf({ timeMs }: Observation): number {
    const { watermarkMs } = this.#waiting;
    if (timeMs < watermarkMs) this.#counts.late += 1;
    return Math.max(Math.min(timeMs, this.#clockMs), watermarkMs);
  }

  /** It is `timeMs` now: what waited long enough is judged, and windows close. */
  advance(timeMs: number): Alert[] {
    this.#clockMs = timeMs;
    const alerts = [...this.#release(timeMs), ...this.#judgeAgain(timeMs)];
    const { watermarkMs } = this.#waiting;
    this.#wideRepeats.advance(watermarkMs);
    return [...alerts, ...this.#correlations.advance(watermarkMs), ...this.#wide.advance(watermarkMs)];
  }

  /** Other rules from now on. What is remembered stays, and so does the state of correlations that stay as they are. */
  replaceRules(rules: DetectorRules): void {
    this.#rules = rules.rules;
    this.#members = nativeMembers(rules.rules.fields);
    // These rules may ask for what the others did not.
    for (const event of this.#waiting.snapshot().items) bringNative(event);
    this.#correlations.replace(rules.correlations.filter((each) => isLocal(each, rules)));
    this.#wide.replace([...wideCorrelations(rules)]);
    this.#wideParts = new WideParts(rules);
  }

  snapshot(): Uint8Array {
    const { watermarkMs, items } = this.#waiting.snapshot();
    const kept: KeptState = {
      format: snapshotFormat,
      watermarkMs,
      clockMs: Number.isFinite(this.#clockMs) ? this.#clockMs : null,
      waiting: items.map((event) => ({ timeMs: event.timeMs, record: recordOf(event) })),
      tree: this.#tree.snapshot(),
      writers: this.#writers.snapshot(),
      dns: this.#dns.snapshot(),
      recentIds: this.#recentIds.snapshot((seconds) => seconds),
      recentWrites: this.#recentWrites.snapshot(),
      counts: this.#counts,
      correlations: this.#correlations.snapshot(),
      wide: this.#wide.snapshot(),
      wideRepeats: this.#wideRepeats.snapshot(),
      unplaced: this.#unplaced.snapshot(),
    };
    return Buffer.from(JSON.stringify(kept));
  }

  /** @throws InvalidInput `SNAPSHOT_UNREADABLE` when it was written by another version: begin anew */
  restore(bytes: Uint8Array): void {
    const kept = readSnapshot<KeptState>(bytes, snapshotFormat);
    this.#clockMs = kept.clockMs ?? Number.POSITIVE_INFINITY;
    const items = kept.waiting.map(({ timeMs, record }) => waitingEvent(record, observe(record), timeMs));
    this.#waiting.restore({ watermarkMs: kept.watermarkMs, items });
    this.#tree.restore(kept.tree);
    this.#writers.restore(kept.writers);
    this.#dns.restore(kept.dns);
    this.#recentIds.restore(kept.recentIds, (seconds) => seconds);
    this.#recentWrites.restore(kept.recentWrites);
    Object.assign(this.#counts, kept.counts);
    this.#correlations.restore(kept.correlations);
    this.#wide.restore(kept.wide);
    this.#wideRepeats.restore(kept.wideRepeats);
    this.#unplaced.restore(kept.unplaced, (record) => this.#dns.named(observe(record)));
  }

  #release(nowMs: number): Alert[] {
    const alerts: Alert[] = [];
    for (const event of this.#waiting.advance(nowMs)) alerts.push(...this.#judge(event, event.timeMs));
    // With a clock driven by events, no caller triggers the second judgement.
    if (this.#options.clock !== 'caller') alerts.push(...this.#judgeAgain(nowMs));
    return alerts;
  }

  /** By the clock that moves this detector. */
  get #nowMs(): number {
    return Number.isFinite(this.#clockMs) ? this.#clockMs : this.#waiting.watermarkMs;
  }

  /** Of a recording, the order is all there is, and what is out of it correlates with nothing. */
  #judgeLate(event: WaitingEvent): Alert[] {
    this.#counts.late += 1;
    return this.#judge(event, null);
  }

  /** Rules look at what was remembered up to the event itself; what it adds to the suspicions counts from the next one on. */
  #judge(waiting: WaitingEvent, correlatedMs: number | null): Alert[] {
    const observation = this.#dns.named(waiting.observation);
    const process = this.#remember(observation);
    if (this.#isRepeatedWrite(observation)) {
      this.#counts.repeatedWrites += 1;
      return [];
    }
    const seen = this.#seen(observation, process);
    const event = eventView(seen);
    const matches = this.#rules.match(event);
    if (matches.some(({ rule }) => !this.#rules.isPart(rule))) observation.native = nativeOf(waiting);
    const scene = once(() => sceneOf(seen));
    const alerts = this.#alertsOf(seen, matches, scene);
    this.#unplaced.add(observation, alerts, () => recordOf(waiting), this.#nowMs);
    if (matches.length === 0 && observation.alert === null) return [];
    const place = correlatedMs === null ? null : { id: waiting.id, timeMs: correlatedMs, event };
    return this.#correlate(seen, matches, scene, [...alerts], place);
  }

  /**
   * Judges events of containers again of which more is known by now. What a correlation counted stays counted; what only the facts make a part of one
   * comes too late for it.
   */
  #judgeAgain(nowMs: number): Alert[] {
    if (nowMs - this.#judgedAgainMs < judgeAgainMs || this.#unplaced.size === 0) return [];
    this.#judgedAgainMs = nowMs;
    const { onMissing, onPlaced } = this.#options;
    if (onMissing) this.#unplaced.forEachContainer(onMissing);
    return this.#unplaced.takeChanged(nowMs).flatMap((event) => {
      const { observation } = event;
      observation.native = event.record.event;
      onPlaced?.(observation);
      const seen = this.#seen(observation, this.#tree.find(observation));
      const matches = this.#rules.match(eventView(seen));
      const alerts = this.#alertsOf(
        seen,
        matches,
        once(() => sceneOf(seen)),
      );
      const revisions = revisionsOf(event.alerts, alerts);
      event.alerts = alerts;
      return this.#suspected(seen.process, revisions, observation.timeMs);
    });
  }

  #seen(observation: Observation, process: TreeProcess | null): Seen {
    return { observation, process, tree: this.#tree, writers: this.#writers, facts: this.#options.facts };
  }

  #alertsOf(seen: Seen, matches: readonly Match[], scene: () => Scene): Alert[] {
    const telling = matches.filter(({ rule }) => !this.#rules.isPart(rule));
    return seen.observation.alert === null
      ? telling.map((match) => ruleAlert(match, scene(), seen))
      : sensorAlerts(telling, scene(), seen);
  }

  #correlate(
    seen: Seen,
    matches: readonly Match[],
    scene: () => Scene,
    alerts: Alert[],
    place: Omit<CorrelatedEvent, 'rules'> | null,
  ): Alert[] {
    const { observation, process } = seen;
    if (matches.length === 0 || place === null) return this.#suspected(process, alerts, observation.timeMs);
    const correlated = { ...place, rules: matches.map(({ rule }) => rule) };
    const isFact = matches.some((match) => asksForFacts(match.rule, this.#rules) && isAboutFacts(match));
    const matched = { scene, isFact };
    alerts.push(...this.#correlations.observe(correlated, matched));
    // Of what is found beyond this detector, nobody would tell it.
    return [...this.#suspected(process, alerts, observation.timeMs), ...this.#correlateWidely(correlated, matched)];
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

  #correlateWidely(event: CorrelatedEvent, matched: MatchedEvent): Alert[] {
    const parts = this.#wideParts.among(event.rules);
    if (parts.length === 0) return [];
    if (this.#options.onWideMatch === undefined) return this.#wide.observe({ ...event, rules: parts }, matched);
    const { id, timeMs } = event;
    const rules = parts.map((rule) => rule.id);
    const fields = this.#wideParts.fieldsOf(event.event, parts);
    this.#wideRepeats.add({ id, timeMs, rules, fields, ...sceneOfMatched(matched) });
    return [];
  }

  #suspected(process: TreeProcess | null, alerts: Alert[], timeMs: number): Alert[] {
    if (process === null) return alerts;
    for (const { lowered, weight, finding, rule } of alerts)
      if (lowered === null && weight !== 'context') this.#tree.suspect(process, finding ?? rule.title, timeMs);
    return alerts;
  }

  #isRepeated({ id, node, timeMs }: Observation): boolean {
    // Whole seconds take no memory of their own.
    const seconds = Math.floor(timeMs / 1_000);
    const before = this.#recentIds.get(node ?? '', id);
    this.#recentIds.set(node ?? '', id, seconds);
    if (before === undefined || Math.abs(seconds - before) > repeatWindowSeconds) return false;
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

function once<Made>(make: () => Made): () => Made {
  let made: { value: Made } | undefined;
  return () => (made ??= { value: make() }).value;
}
