import { type PersistedMap, type PersistedPairs, RecentMap, RecentPairs, ReorderBuffer } from '@tidewaiter/collections';
import type { Observation, RuntimeRecord } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';
import { nativeMembers, observe } from '@tidewaiter/sensors';
import type { CorrelatedEvent, CorrelatorFigures, RuleMatch, RuleSet, SigmaEvent } from '@tidewaiter/sigma';

import { asksForFacts, isAboutFacts, ruleAlert } from './alerts/alert-of.js';
import type { DetectionAlert } from './alerts/alert.js';
import { hostExpectation, isDecisive, isExplained } from './alerts/expectation.js';
import { meaningOf } from './alerts/rule-meaning.js';
import { isInScope, scopeOf } from './alerts/rule-scope.js';
import { sensorAlerts } from './alerts/sensor-alerts.js';
import { type DetectorRules, isLocal, wideCorrelations } from './correlation/correlation-reach.js';
import {
  Correlations,
  type PersistedCorrelations,
  type MatchedEvent,
  contextOfMatched,
} from './correlation/correlations.js';
import { WideParts, type WideMatch } from './correlation/wide-correlations.js';
import { type PersistedRepeats, WideRepeats } from './correlation/wide-repeats.js';
import { keptInCluster } from './events/container-key.js';
import { type EventContext, eventContextOf } from './events/event-context.js';
import type { EventInputs } from './events/event-inputs.js';
import { roleOfEvent } from './events/event-role.js';
import { eventView } from './events/event-view.js';
import { FileWriters, type PersistedWriters } from './events/file-writers.js';
import { IssuedKeys } from './events/issued-keys.js';
import { OwnObjects } from './events/own-objects.js';
import { PassiveDns } from './events/passive-dns.js';
import { type PersistedOrigins, PodOrigins } from './events/pod-origins.js';
import { type PersistedTree, ProcessTree, type TreeProcess } from './events/process-tree.js';
import { nameSelfExec } from './events/self-exec.js';
import { type PersistedUnplaced, UnplacedEvents } from './events/unplaced-events.js';
import { VirtualEnvironments } from './events/virtual-environments.js';
import {
  bringNative,
  leaveNative,
  nativeOf,
  recordOf,
  type RecordSource,
  type WaitingEvent,
  waitingEvent,
} from './events/waiting-event.js';
import { revisionsOf } from './incidents/revision.js';
import { jsonSteps } from './json-steps.js';
import { readSnapshot } from './snapshot.js';

export interface DetectorOptions extends DetectorRules {
  facts: FactContext;
  /**
   * Time for which an event waits for earlier ones. In a recording, later events are evaluated but
   * not correlated.
   */
  allowedLatenessMs: number;
  /** Clock: the times of the events, as in a replay, or only {@link Detector.advance}. */
  clock?: 'events' | 'caller';
  /**
   * Ledger that learns containers from every observation, in order of time, before the rules
   * evaluate it.
   */
  ledger?: { observe(observation: Observation): void };
  /** Called with every observation on arrival, before it waits. */
  onObserved?: (observation: Observation) => void;
  /** Called every second for containers with missing facts, so that they are fetched. */
  onMissing?: (observation: Observation) => void;
  /**
   * Called with an observation that is evaluated again because facts about its container arrived.
   */
  onPlaced?: (observation: Observation) => void;
  /**
   * Called with the matches of correlations over several detectors. Without it, this detector is
   * the only one.
   */
  onWideMatch?: (match: WideMatch) => void;
}

/** Counters of a detector, for metrics. */
export interface DetectorCounts {
  observed: number;
  duplicates: number;
  late: number;
  repeatedWrites: number;
}

const snapshotFormat = 'tidewaiter-detector/6';

interface PersistedDetector {
  format: typeof snapshotFormat;
  watermarkMs: number | null;
  clockMs: number | null;
  /** When events were last evaluated again; null or absent before the first time. */
  evaluatedAgainMs?: number | null;
  waiting: Pick<PersistedEvent, 'timeMs' | 'record'>[];
  tree: PersistedTree;
  writers: PersistedWriters;
  origins: PersistedOrigins;
  /** These are missing in snapshots of earlier releases. */
  objects?: PersistedMap<number>;
  issuedKeys?: PersistedMap<string>;
  environments?: PersistedMap<string>;
  dns: PersistedMap<string>;
  recentIds: PersistedPairs<string, number>;
  recentWrites: PersistedMap<number>;
  counts: DetectorCounts;
  correlations: PersistedCorrelations;
  wide: PersistedCorrelations;
  wideRepeats: PersistedRepeats;
  unplaced: PersistedUnplaced;
}

/** Waiting event, whose record is read only when it is written. */
class PersistedEvent {
  constructor(private readonly event: WaitingEvent) {}

  get timeMs(): number {
    return this.event.timeMs;
  }

  get record(): RuntimeRecord {
    return recordOf(this.event);
  }

  toJSON(): { timeMs: number; record: RuntimeRecord } {
    return { timeMs: this.timeMs, record: this.record };
  }
}

/** Sensors and queues send duplicates within minutes. */
const repeatWindowSeconds = 2 * 60;
const writeWindowMs = 60 * 60_000;
const suspectedWriteWindowMs = 250;
/** Interval at which events of containers with missing facts are evaluated again. */
const evaluateAgainMs = 1_000;
const maxRecentIds = 50_000;
const maxRecentWrites = 50_000;

/**
 * Detection pipeline, records in, alerts out: parses, sorts by time, adds memory and facts, matches
 * rules and correlates. Pure and synchronous: the same records and the same times give the same
 * alerts.
 */
export class Detector {
  readonly #options: DetectorOptions;
  #rules: RuleSet;
  readonly #correlations: Correlations;
  /** Correlations over several detectors, used when this is the only one. */
  readonly #wide: Correlations;
  #wideParts: WideParts;
  readonly #wideRepeats = new WideRepeats((match) => this.#options.onWideMatch?.(match));
  /** Members of a sensor's native event that rules read. */
  #members: ReadonlySet<string>;
  readonly #waiting: ReorderBuffer<WaitingEvent>;
  readonly #tree = new ProcessTree();
  readonly #writers = new FileWriters();
  readonly #origins = new PodOrigins();
  readonly #objects = new OwnObjects();
  readonly #issuedKeys = new IssuedKeys();
  readonly #environments = new VirtualEnvironments();
  readonly #dns = new PassiveDns();
  /** Ids of recent records by node: a duplicate comes from the same node. */
  readonly #recentIds = new RecentPairs<string, number>(maxRecentIds);
  readonly #recentWrites = new RecentMap<number>(maxRecentWrites);
  readonly #unplaced: UnplacedEvents;
  #evaluatedAgainMs = Number.NEGATIVE_INFINITY;
  /** Last time of the caller's clock; infinite until the first call of `advance`. */
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

  /** Last time of the caller's clock; null before the first call of {@link advance}. */
  get clockMs(): number | null {
    return Number.isFinite(this.#clockMs) ? this.#clockMs : null;
  }

  /** Number of events that wait for earlier ones. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @param source source from which the record can be read again, as number `index`; without it,
   * the whole record waits in memory
   */
  observe(record: RuntimeRecord, source: RecordSource | null = null, index = 0): DetectionAlert[] {
    this.#counts.observed += 1;
    const claimed = observe(record);
    const isForged = this.#options.facts.isOfAnotherCluster(claimed);
    const observation = isForged ? keptInCluster(claimed) : claimed;
    if (this.#isRepeated(observation)) return [];
    this.#options.onObserved?.(observation);
    const isByCaller = this.#options.clock === 'caller';
    const timeMs = isByCaller ? this.#placeOf(observation) : observation.timeMs;
    const event = waitingEvent(record, observation, timeMs);
    if (this.#waiting.isLate(event)) return this.#evaluateLate(event);
    // A ledger that learns at evaluation time reads the native event.
    if (source !== null && this.#options.ledger === undefined) leaveNative(event, this.#members, source, index);
    this.#waiting.push(event);
    return isByCaller ? [] : this.#release(timeMs);
  }

  /**
   * Returns the time by which an event is ordered. With a caller's clock, every event waits at
   * least until the clock moves, so that missing facts can be fetched meanwhile. Cloud logs usually
   * arrive minutes late and count from their arrival. A node whose clock is ahead waits no longer
   * than others.
   */
  #placeOf({ timeMs }: Observation): number {
    const { watermarkMs } = this.#waiting;
    if (timeMs < watermarkMs) this.#counts.late += 1;
    return Math.max(Math.min(timeMs, this.#clockMs), watermarkMs);
  }

  /** Moves the clock to `timeMs`: evaluates what waited long enough, and closes windows. */
  advance(timeMs: number): DetectionAlert[] {
    this.#clockMs = timeMs;
    const alerts = [...this.#release(timeMs), ...this.#evaluateAgain(timeMs)];
    const { watermarkMs } = this.#waiting;
    this.#wideRepeats.advance(watermarkMs);
    return [...alerts, ...this.#correlations.advance(watermarkMs), ...this.#wide.advance(watermarkMs)];
  }

  /** Replaces the rules. Memory and the state of unchanged correlations stay. */
  replaceRules(rules: DetectorRules): void {
    this.#rules = rules.rules;
    this.#members = nativeMembers(rules.rules.fields);
    // The new rules may read fields that the old ones did not.
    for (const event of this.#waiting.snapshot().items) bringNative(event);
    this.#correlations.replace(rules.correlations.filter((each) => isLocal(each, rules)));
    this.#wide.replace([...wideCorrelations(rules)]);
    this.#wideParts = new WideParts(rules);
  }

  snapshot(): Uint8Array {
    return Buffer.concat([...this.snapshotSteps()]);
  }

  /**
   * Takes a snapshot now, and writes it in steps, between which the detector may go on: writing
   * takes several times as long as taking.
   */
  snapshotSteps(): Generator<Uint8Array> {
    return writtenIn(jsonSteps(this.#state()));
  }

  /** Memory as values that do not change when the detector goes on. */
  #state(): PersistedDetector {
    const { watermarkMs, items } = this.#waiting.snapshot();
    return {
      format: snapshotFormat,
      watermarkMs,
      clockMs: this.clockMs,
      evaluatedAgainMs: Number.isFinite(this.#evaluatedAgainMs) ? this.#evaluatedAgainMs : null,
      waiting: items.map((event) => new PersistedEvent(event)),
      tree: this.#tree.snapshot(),
      writers: this.#writers.snapshot(),
      origins: this.#origins.snapshot(),
      objects: this.#objects.snapshot(),
      issuedKeys: this.#issuedKeys.snapshot(),
      environments: this.#environments.snapshot(),
      dns: this.#dns.snapshot(),
      recentIds: this.#recentIds.snapshot((seconds) => seconds),
      recentWrites: this.#recentWrites.snapshot(),
      counts: { ...this.#counts },
      correlations: this.#correlations.snapshot(),
      wide: this.#wide.snapshot(),
      wideRepeats: this.#wideRepeats.snapshot(),
      unplaced: this.#unplaced.snapshot(),
    };
  }

  /**
   * @throws InvalidInput `SNAPSHOT_UNREADABLE` when another version wrote it: start with empty
   * state
   */
  restore(bytes: Uint8Array): void {
    const state = readSnapshot<PersistedDetector>(bytes, snapshotFormat);
    this.#clockMs = state.clockMs ?? Number.POSITIVE_INFINITY;
    this.#evaluatedAgainMs = state.evaluatedAgainMs ?? Number.NEGATIVE_INFINITY;
    const items = state.waiting.map(({ timeMs, record }) => waitingEvent(record, observe(record), timeMs));
    this.#waiting.restore({ watermarkMs: state.watermarkMs, items });
    this.#tree.restore(state.tree);
    this.#writers.restore(state.writers);
    this.#origins.restore(state.origins);
    if (state.objects) this.#objects.restore(state.objects);
    if (state.issuedKeys) this.#issuedKeys.restore(state.issuedKeys);
    if (state.environments) this.#environments.restore(state.environments);
    this.#dns.restore(state.dns);
    this.#recentIds.restore(state.recentIds, (seconds) => seconds);
    this.#recentWrites.restore(state.recentWrites);
    Object.assign(this.#counts, state.counts);
    this.#correlations.restore(state.correlations);
    this.#wide.restore(state.wide);
    this.#wideRepeats.restore(state.wideRepeats);
    this.#unplaced.restore(state.unplaced, (record) => this.#dns.named(observe(record)));
  }

  #release(nowMs: number): DetectionAlert[] {
    const alerts: DetectionAlert[] = [];
    this.#tree.advance(nowMs);
    for (const event of this.#waiting.advance(nowMs))
      for (const alert of this.#evaluate(event, event.timeMs)) alerts.push(alert);
    // With an event-driven clock, no caller triggers the second evaluation.
    if (this.#options.clock !== 'caller') alerts.push(...this.#evaluateAgain(nowMs));
    return alerts;
  }

  /** Current time of the clock that moves this detector. */
  get #nowMs(): number {
    return Number.isFinite(this.#clockMs) ? this.#clockMs : this.#waiting.watermarkMs;
  }

  /**
   * Evaluates a late event of a recording without correlating it: correlations depend on the order
   * of events.
   */
  #evaluateLate(event: WaitingEvent): DetectionAlert[] {
    this.#counts.late += 1;
    return [...this.#evaluate(event, null)];
  }

  /**
   * Evaluates one event. Rules see the memory up to the event itself; its own suspicions count from
   * the next event on.
   */
  #evaluate(waiting: WaitingEvent, correlatedMs: number | null): readonly DetectionAlert[] {
    const observation = this.#dns.named(waiting.observation);
    // Rules have evaluated that start with all that its own report says, so only the alert is new.
    if (observation.alert !== null && this.#tree.isKnownStart(observation)) observation.activity = 'alert';
    const process = this.#remember(observation);
    if (this.#isRepeatedWrite(observation, process)) {
      this.#counts.repeatedWrites += 1;
      if (observation.alert === null) return noAlerts;
      // Rules have evaluated the write; the alert about it is new.
      observation.activity = 'alert';
    }
    const inputs = this.#inputsOf(observation, process);
    const event = eventView(inputs);
    const matches = this.#matchesOf(inputs, event);
    if (matches.length === 0 && observation.alert === null) {
      this.#unplaced.add(observation, noAlerts, waiting, this.#nowMs);
      return noAlerts;
    }
    if (matches.some(({ rule }) => !this.#rules.isPart(rule))) observation.native = nativeOf(waiting);
    const scene = once(() => eventContextOf(inputs));
    const alerts = this.#alertsOf(inputs, matches, scene);
    this.#unplaced.add(observation, alerts, waiting, this.#nowMs);
    const place = correlatedMs === null ? null : { id: waiting.id, timeMs: correlatedMs, event };
    return this.#correlate(inputs, matches, scene, [...alerts], place);
  }

  /**
   * Evaluates events again whose containers have more facts now. Counts of correlations stay: an
   * event that joins a correlation only by the new facts is too late for it.
   */
  #evaluateAgain(nowMs: number): DetectionAlert[] {
    if (nowMs - this.#evaluatedAgainMs < evaluateAgainMs || this.#unplaced.size === 0) return [];
    this.#evaluatedAgainMs = nowMs;
    const { onMissing, onPlaced } = this.#options;
    if (onMissing) this.#unplaced.forEachContainer(onMissing);
    return this.#unplaced.takeChanged(nowMs).flatMap((event) => {
      const { observation } = event;
      observation.native = event.record.event;
      onPlaced?.(observation);
      const inputs = this.#inputsOf(observation, this.#tree.find(observation));
      const matches = this.#matchesOf(inputs, eventView(inputs));
      const alerts = this.#alertsOf(
        inputs,
        matches,
        once(() => eventContextOf(inputs)),
      );
      const revisions = revisionsOf(event.alerts, alerts);
      event.alerts = alerts;
      return this.#suspected(inputs.process, revisions, observation.timeMs);
    });
  }

  #inputsOf(observation: Observation, process: TreeProcess | null): EventInputs {
    nameSelfExec(observation, process, this.#tree);
    this.#environments.name(observation, process, this.#writers);
    return {
      observation,
      process,
      tree: this.#tree,
      writers: this.#writers,
      origins: this.#origins,
      objects: this.#objects,
      issuedKeys: this.#issuedKeys,
      facts: this.#options.facts,
    };
  }

  /** Matches of the rules that apply where the event happened. */
  #matchesOf(inputs: EventInputs, event: SigmaEvent): readonly RuleMatch[] {
    const matches = this.#rules.match(event);
    if (matches.length === 0) return matches;
    const scope = scopeOf(inputs.observation, () => roleOfEvent(inputs));
    return matches.filter(({ rule }) => isInScope(rule, scope));
  }

  #alertsOf(inputs: EventInputs, matches: readonly RuleMatch[], scene: () => EventContext): DetectionAlert[] {
    const alerting = matches.filter(({ rule }) => !this.#rules.isPart(rule));
    return inputs.observation.alert === null
      ? alerting.map((match) => ruleAlert(match, scene(), inputs))
      : sensorAlerts(alerting, scene(), inputs);
  }

  #correlate(
    inputs: EventInputs,
    matches: readonly RuleMatch[],
    scene: () => EventContext,
    alerts: DetectionAlert[],
    place: Omit<CorrelatedEvent, 'rules'> | null,
  ): DetectionAlert[] {
    const { observation, process } = inputs;
    // Expected work of a host or a container is no part of a pattern either.
    const isOnHost = hostExpectation(inputs) !== null;
    const counted = matches.filter(({ rule }) => {
      const meaning = meaningOf(rule);
      return (!isOnHost || isDecisive(meaning, rule.level)) && !isExplained(meaning, inputs);
    });
    if (counted.length === 0 || place === null) return this.#suspected(process, alerts, observation.timeMs);
    const correlated = { ...place, rules: counted.map(({ rule }) => rule) };
    const isFact = counted.some((match) => asksForFacts(match.rule, this.#rules) && isAboutFacts(match));
    const matched = { scene, isFact };
    alerts.push(...this.#correlations.observe(correlated, matched));
    // Alerts of wide correlations add no suspicion: with several detectors, none of them reports
    // back to this one.
    return [...this.#suspected(process, alerts, observation.timeMs), ...this.#correlateWidely(correlated, matched)];
  }

  #remember(observation: Observation): TreeProcess | null {
    this.#dns.note(observation);
    this.#options.ledger?.observe(observation);
    this.#origins.note(observation, this.#options.facts);
    this.#objects.note(observation);
    this.#issuedKeys.note(observation);
    this.#environments.note(observation, this.#options.facts);
    const process = this.#tree.note(observation);
    if (process !== null && observation.activity === 'file') {
      const executables = [process, ...this.#tree.ancestors(process)].flatMap(({ executable }) => executable ?? []);
      this.#writers.note(observation, executables);
    }
    return process;
  }

  #correlateWidely(event: CorrelatedEvent, matched: MatchedEvent): DetectionAlert[] {
    const parts = this.#wideParts.among(event.rules);
    if (parts.length === 0) return [];
    if (this.#options.onWideMatch === undefined) return this.#wide.observe({ ...event, rules: parts }, matched);
    const { id, timeMs } = event;
    const rules = parts.map((rule) => rule.id);
    const fields = this.#wideParts.fieldsOf(event.event, parts);
    this.#wideRepeats.add({ id, timeMs, rules, fields, ...contextOfMatched(matched) });
    return [];
  }

  #suspected(process: TreeProcess | null, alerts: DetectionAlert[], timeMs: number): DetectionAlert[] {
    if (process === null) return alerts;
    for (const { lowered, weight, finding, rule } of alerts)
      if (lowered === null && weight !== 'context') this.#tree.suspect(process, finding ?? rule.title, timeMs);
    return alerts;
  }

  #isRepeated({ id, node, timeMs }: Observation): boolean {
    // Whole seconds are small integers, which take no heap memory.
    const seconds = Math.floor(timeMs / 1_000);
    const before = this.#recentIds.get(node ?? '', id);
    this.#recentIds.set(node ?? '', id, seconds);
    if (before === undefined || Math.abs(seconds - before) > repeatWindowSeconds) return false;
    this.#counts.duplicates += 1;
    return true;
  }

  /**
   * Whether a process wrote the file in the last hour: it usually writes a file many times. What a
   * suspected process writes again, as when it restores what it changed, is part of the attack.
   */
  #isRepeatedWrite({ activity, file, process, timeMs }: Observation, writer: TreeProcess | null): boolean {
    if (activity !== 'file' || file?.access !== 'write' || process?.execId == null) return false;
    const key = `${process.execId}:${file.path}`;
    const before = this.#recentWrites.get(key);
    if (before !== undefined && timeMs - before < writeWindowMs) {
      const isSuspected = writer !== null && this.#tree.suspicions(writer, timeMs).length > 0;
      if (!isSuspected || timeMs - before < suspectedWriteWindowMs) return true;
    }
    this.#recentWrites.set(key, timeMs);
    return false;
  }
}

/** Shared by nearly all events. */
const noAlerts: readonly DetectionAlert[] = [];

function once<Made>(make: () => Made): () => Made {
  let made: { value: Made } | undefined;
  return () => (made ??= { value: make() }).value;
}

function* writtenIn(steps: Iterable<string>): Generator<Uint8Array> {
  for (const step of steps) yield Buffer.from(step);
}
