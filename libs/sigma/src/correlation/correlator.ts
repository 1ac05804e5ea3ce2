import type { SigmaEvent } from '../event.js';
import type { RuleInfo } from '../rule-info.js';
import type { CorrelationRule } from './correlation-rule.js';
import { OccurrenceQueue } from './occurrence-queue.js';
import { type Plan, plansOf } from './plan.js';
import { correlationLimits } from './read-correlation.js';
import { groupOf, Routes, type Take } from './routes.js';
import { bounded, type Scalar } from './scalar.js';
import { readSnapshot, writeSnapshot } from './snapshot.js';
import { Memory } from './state/memory.js';

export interface CorrelatorOptions {
  /**
   * Maximum delay of an event behind the latest one with which it is still sorted in. Default 0:
   * events come in order.
   */
  allowedLatenessMs?: number;
  /** Limit on live groups of all correlations together. Default 1,000,000. */
  maxGroups?: number;
  /** Limit on entries of all groups together. Default 4,000,000. */
  maxEntries?: number;
  /** Limit on events that wait for earlier ones. Default 100,000. */
  maxWaiting?: number;
}

/** Event and the rules that it matches. */
export interface CorrelatedEvent {
  id: string;
  timeMs: number;
  event: SigmaEvent;
  rules: readonly RuleInfo[];
}

/** Correlation whose condition was met. */
export interface Firing {
  rule: RuleInfo;
  /** Time of the event that triggered it, else the close of its window. */
  timeMs: number;
  /** Values of the group-by fields by name. */
  group: Record<string, string>;
  /** Id of the event that triggered it; null at the close of a window. */
  trigger: string | null;
  /** Ids of the contributing events, at most the latest 100. */
  events: string[];
}

/** State and counters of a correlator, for metrics. */
export interface CorrelatorFigures {
  groups: number;
  entries: number;
  waiting: number;
  /** Events that were ignored because they came later than allowed. */
  lateEvents: number;
  /** Events that were evaluated early because too many waited. */
  hurriedEvents: number;
  droppedGroups: number;
  droppedEntries: number;
}

interface Work {
  take: Take;
  evidence: number;
}

/**
 * Limits on idle groups that are closed at one event or advance, for one correlation: more than can
 * be opened, so that their number falls, but without a long pause.
 */
const idleClosedPerEvent = 2;
const idleClosedPerAdvance = 10_000;

/**
 * Evaluates correlations over a stream of matched events, by event time. Deterministic: the same
 * calls give the same firings.
 * @see docs/correlation.md
 */
export class Correlator {
  readonly #plans: readonly Plan[];
  readonly #closing: readonly number[];
  readonly #routes: Routes;
  readonly #latenessMs: number;
  readonly #limits: Required<Omit<CorrelatorOptions, 'allowedLatenessMs'>>;
  #memory: Memory;
  #waiting = new OccurrenceQueue();
  #clockMs = -Infinity;
  /** Time before which no event is accepted any more. */
  #watermarkMs = -Infinity;
  /** Time before which no window closes. */
  #nextCloseMs = Infinity;
  #lateEvents = 0;
  #hurriedEvents = 0;

  /** @param correlations linked correlations: inner ones before those that build on them */
  constructor(
    correlations: readonly CorrelationRule[],
    {
      allowedLatenessMs = 0,
      maxGroups = 1_000_000,
      maxEntries = 4_000_000,
      maxWaiting = 100_000,
    }: CorrelatorOptions = {},
  ) {
    this.#plans = plansOf(correlations);
    this.#closing = this.#plans.flatMap((plan, correlation) => (plan.isEvaluatedAtClose ? [correlation] : []));
    this.#routes = new Routes(correlations);
    this.#latenessMs = allowedLatenessMs;
    this.#limits = { maxGroups, maxEntries, maxWaiting };
    this.#memory = this.#emptyMemory();
  }

  get figures(): CorrelatorFigures {
    const { groups, entries, droppedGroups, droppedEntries } = this.#memory;
    return {
      groups: groups.live,
      entries: entries.live,
      waiting: this.#waiting.size,
      lateEvents: this.#lateEvents,
      hurriedEvents: this.#hurriedEvents,
      droppedGroups,
      droppedEntries,
    };
  }

  /** Adds an event and moves the clock to it. Returns the resulting firings, in order of time. */
  observe({ id, timeMs, event, rules }: CorrelatedEvent): Firing[] {
    const firings: Firing[] = [];
    const takes = rules.length > 0 ? this.#routes.takesOf(rules, (name) => event.field(name)) : [];
    // NaN is never in time.
    const isLate = !(timeMs >= this.#watermarkMs);
    if (takes.length > 0 && isLate) this.#lateEvents += 1;
    const isTaken = takes.length > 0 && !isLate;
    if (isTaken && this.#latenessMs > 0) this.#waiting.push({ id: bounded(id), timeMs, takes });
    this.#moveClock(timeMs, firings);
    // Without lateness no earlier event can come, so nothing has to wait.
    if (isTaken && this.#latenessMs === 0) this.#evaluateAll(this.#workOf(takes, bounded(id)), timeMs, id, firings);
    return firings;
  }

  /**
   * Moves the clock without an event. A window that ends at this very time stays open: an event of
   * this time may still come.
   */
  advance(timeMs: number): Firing[] {
    const firings: Firing[] = [];
    this.#moveClock(timeMs, firings);
    for (let correlation = 0; correlation < this.#plans.length; correlation += 1)
      this.#closeIdle(correlation, this.#watermarkMs, idleClosedPerAdvance);
    return firings;
  }

  /** Serializes all state that later results depend on. */
  snapshot(): Uint8Array {
    return writeSnapshot({
      plans: this.#plans,
      memory: this.#memory,
      waiting: this.#waiting.all(),
      clockMs: this.#clockMs,
      watermarkMs: this.#watermarkMs,
      counters: [this.#lateEvents, this.#hurriedEvents],
    });
  }

  /**
   * Restores the state of a snapshot. Correlations that changed since start with empty state; the
   * others continue.
   * @throws InvalidInput when the bytes are not a complete snapshot of this version
   */
  restore(bytes: Uint8Array): void {
    const memory = this.#emptyMemory();
    const { waiting, clockMs, watermarkMs, counters } = readSnapshot(bytes, this.#plans, memory);
    this.#memory = memory;
    this.#waiting = new OccurrenceQueue();
    for (const occurrence of waiting) this.#waiting.push(occurrence);
    this.#clockMs = clockMs;
    this.#watermarkMs = watermarkMs;
    [this.#lateEvents = 0, this.#hurriedEvents = 0] = counters;
    this.#nextCloseMs = this.#firstToClose().dueMs;
  }

  #emptyMemory(): Memory {
    const keepings = this.#plans.map(({ measure }) => measure.keeping);
    return new Memory(keepings, { ...this.#limits, maxPerGroup: correlationLimits.maxPerGroup });
  }

  #moveClock(timeMs: number, firings: Firing[]): void {
    if (timeMs > this.#clockMs) this.#clockMs = timeMs;
    if (this.#clockMs - this.#latenessMs > this.#watermarkMs) this.#watermarkMs = this.#clockMs - this.#latenessMs;
    while (this.#waiting.size > 0 && this.#waiting.nextMs <= this.#watermarkMs) this.#evaluateFirstWaiting(firings);
    while (this.#waiting.size > this.#limits.maxWaiting) {
      this.#hurriedEvents += 1;
      this.#watermarkMs = this.#waiting.nextMs;
      this.#evaluateFirstWaiting(firings);
    }
    this.#closeBefore(this.#watermarkMs, firings);
  }

  #evaluateFirstWaiting(firings: Firing[]): void {
    const { id, timeMs, takes } = this.#waiting.pop()!;
    this.#closeBefore(timeMs, firings);
    this.#evaluateAll(this.#workOf(takes, id), timeMs, id, firings);
  }

  /** Creates work items, each of which holds a reference to the evidence until it is done. */
  #workOf(takes: readonly Take[], ids: string | readonly string[]): Work[] {
    const evidence = this.#memory.evidence.add(ids);
    for (let held = 1; held < takes.length; held += 1) this.#memory.evidence.hold(evidence);
    return takes.map((take) => ({ take, evidence }));
  }

  /**
   * Evaluates work in the order of correlations; work that an inner firing adds goes behind what
   * outer ones see of the event itself.
   */
  #evaluateAll(work: Work[], timeMs: number, trigger: string | null, firings: Firing[]): void {
    for (let next = 0; next < work.length; next += 1) {
      const { take, evidence } = work[next]!;
      const firing = this.#evaluate(take, evidence, timeMs, trigger);
      this.#memory.evidence.release(evidence);
      if (firing) this.#report(firing, take.correlation, take.carried, work, firings);
    }
  }

  #evaluate(take: Take, evidence: number, timeMs: number, trigger: string | null): Firing | undefined {
    const memory = this.#memory;
    const { rule, measure, isEvaluatedAtClose } = this.#plans[take.correlation]!;
    const sinceMs = isEvaluatedAtClose ? -Infinity : timeMs - rule.timespanMs;
    if (!isEvaluatedAtClose) this.#closeIdle(take.correlation, timeMs, idleClosedPerEvent);
    let group = memory.find(take.correlation, take.key);
    if (group === -1) group = memory.open(take.correlation, take.key, timeMs);
    else if (!isEvaluatedAtClose) memory.groups.touch(group, timeMs);
    measure.add(memory, group, take, timeMs, sinceMs, evidence);
    if (isEvaluatedAtClose) {
      this.#nextCloseMs = Math.min(this.#nextCloseMs, memory.groups.timeMs[group]! + rule.timespanMs);
      if (take.carried) memory.carried.set(group, take.carried);
      return undefined;
    }
    const isSilent = memory.groups.firedAtMs[group]! >= sinceMs;
    if (isSilent || !measure.holds(memory, group, sinceMs)) return undefined;
    memory.groups.firedAtMs[group] = timeMs;
    return this.#firing(take.correlation, group, timeMs, sinceMs, trigger);
  }

  #firing(correlation: number, group: number, timeMs: number, sinceMs: number, trigger: string | null): Firing {
    const { rule, measure } = this.#plans[correlation]!;
    return {
      rule: rule.info,
      timeMs,
      group: groupOf(rule.groupBy, this.#memory.keyOf(group)),
      trigger,
      events: measure.idsOf(this.#memory, group, sinceMs),
    };
  }

  /**
   * Emits a firing, and passes it to outer correlations as an event: with the fields of its last
   * event and, as fallback, the values of its group.
   */
  #report(firing: Firing, correlation: number, carried: Take['carried'], work: Work[], firings: Firing[]): void {
    if (this.#plans[correlation]!.raises) firings.push(firing);
    const fieldOf = (name: string) => own(carried, name) ?? own(firing.group, name);
    const takes = this.#routes.takesOf([firing.rule], fieldOf);
    if (takes.length === 0) return;
    for (const each of this.#workOf(takes, firing.events)) {
      const place = work.findLastIndex(({ take }) => take.correlation <= each.take.correlation);
      work.splice(place + 1, 0, each);
    }
  }

  /** Closes the windows that end before the time, in the order of their ends. */
  #closeBefore(timeMs: number, firings: Firing[]): void {
    while (this.#nextCloseMs < timeMs) {
      const { correlation, dueMs } = this.#firstToClose();
      this.#nextCloseMs = dueMs;
      if (dueMs < timeMs) this.#closeWindow(correlation, dueMs, firings);
    }
  }

  #closeWindow(correlation: number, dueMs: number, firings: Firing[]): void {
    const memory = this.#memory;
    const group = memory.groups.oldest(correlation);
    const holds = this.#plans[correlation]!.measure.holds(memory, group, -Infinity);
    const firing = holds ? this.#firing(correlation, group, dueMs, -Infinity, null) : undefined;
    const carried = memory.carried.get(group);
    memory.close(group);
    if (!firing) return;
    const work: Work[] = [];
    this.#report(firing, correlation, carried, work, firings);
    this.#evaluateAll(work, dueMs, null, firings);
  }

  /**
   * Returns the window that closes next. Of windows that end together, that of the inner
   * correlation is first, so that it counts for the outer one.
   */
  #firstToClose(): { correlation: number; dueMs: number } {
    let first = { correlation: -1, dueMs: Infinity };
    for (const correlation of this.#closing) {
      const group = this.#memory.groups.oldest(correlation);
      if (group === -1) continue;
      const dueMs = this.#memory.groups.timeMs[group]! + this.#plans[correlation]!.rule.timespanMs;
      if (dueMs < first.dueMs) first = { correlation, dueMs };
    }
    return first;
  }

  /** Closes groups that no later window can include. */
  #closeIdle(correlation: number, timeMs: number, most: number): void {
    const { rule, isEvaluatedAtClose } = this.#plans[correlation]!;
    if (isEvaluatedAtClose) return;
    const { groups } = this.#memory;
    for (let closed = 0; closed < most; closed += 1) {
      const group = groups.oldest(correlation);
      if (group === -1 || groups.timeMs[group]! >= timeMs - rule.timespanMs) return;
      this.#memory.close(group);
    }
  }
}

function own(record: Readonly<Record<string, Scalar>> | undefined, name: string): Scalar | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
