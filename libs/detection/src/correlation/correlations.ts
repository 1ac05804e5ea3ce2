import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import {
  type CorrelatedEvent,
  type CorrelationRule,
  Correlator,
  type CorrelatorFigures,
  type Firing,
} from '@tidewaiter/sigma';

import { firingAlert } from '../alerts/alert-of.js';
import type { DetectionAlert } from '../alerts/alert.js';
import type { EventContext } from '../events/event-context.js';
import { wordsOf } from './correlation-reach.js';

/** Event in memory that a correlation may refer to. */
export interface MatchedEvent {
  /** Lazy: most events that are counted are never reported. */
  scene: () => EventContext;
  /** Whether a rule matched by facts, not only by the event's own fields. */
  isFact: boolean;
}

/** Serializable form, for snapshots and other detectors. */
export interface MatchedContext {
  scene: EventContext;
  isFact: boolean;
}

/** Event with the time until which a correlation may refer to it; null until the next look. */
interface HeldEvent extends MatchedEvent {
  untilMs: number | null;
}

export interface PersistedCorrelations {
  /** `untilMs` is missing in snapshots of earlier releases. */
  scenes: PersistedMap<MatchedContext & { untilMs?: number | null }>;
  /** Base64. */
  state: string;
}

const maxScenes = 10_000;
/** Interval at which events are dropped to which no correlation can refer any more. */
const forgetEveryMs = 60_000;

/** Runs correlations and makes alerts of the events that they join. Events must arrive in order. */
export class Correlations {
  #correlator: Correlator;
  /** Time for which an event may be referred to, by ids and names of the rules that it matches. */
  #reachMs: ReadonlyMap<string, number>;
  readonly #matched = new RecentMap<HeldEvent>(maxScenes);
  #forgotMs = Number.NEGATIVE_INFINITY;

  constructor(rules: readonly CorrelationRule[]) {
    this.#correlator = new Correlator(rules);
    this.#reachMs = reachOf(rules);
  }

  get figures(): CorrelatorFigures {
    return this.#correlator.figures;
  }

  observe(event: CorrelatedEvent, matched: MatchedEvent): DetectionAlert[] {
    const { id, timeMs, rules } = event;
    const reachMs = Math.max(...rules.flatMap(wordsOf).map((word) => this.#reachMs.get(word) ?? 0));
    this.#forget(timeMs);
    if (reachMs > 0) this.#matched.set(id, { ...matched, untilMs: timeMs + reachMs });
    return this.#correlator.observe(event).map((firing) => this.#fired(firing));
  }

  advance(timeMs: number): DetectionAlert[] {
    const alerts = this.#correlator.advance(timeMs).map((firing) => this.#fired(firing));
    this.#forget(timeMs);
    return alerts;
  }

  /** Replaces the rules; unchanged correlations keep their state. */
  replace(rules: readonly CorrelationRule[]): void {
    const state = this.#correlator.snapshot();
    this.#correlator = new Correlator(rules);
    this.#correlator.restore(state);
    this.#reachMs = reachOf(rules);
  }

  snapshot(): PersistedCorrelations {
    const { older, newer } = this.#matched.snapshot();
    const serialize = (all: [string, HeldEvent][]) =>
      all.map(([id, held]): [string, MatchedContext & Pick<HeldEvent, 'untilMs'>] => [
        id,
        { ...contextOfMatched(held), untilMs: held.untilMs },
      ]);
    return {
      scenes: { older: serialize(older), newer: serialize(newer) },
      state: Buffer.from(this.#correlator.snapshot()).toString('base64'),
    };
  }

  restore({ scenes: { older, newer }, state }: PersistedCorrelations): void {
    const deserialize = (all: PersistedCorrelations['scenes']['newer']) =>
      all.map(([id, { untilMs = null, ...context }]): [string, HeldEvent] => [
        id,
        { ...matchedOfContext(context), untilMs },
      ]);
    this.#matched.restore({ older: deserialize(older), newer: deserialize(newer) });
    this.#correlator.restore(Buffer.from(state, 'base64'));
  }

  #forget(timeMs: number): void {
    if (timeMs - this.#forgotMs < forgetEveryMs) return;
    this.#forgotMs = timeMs;
    for (const [id, held] of this.#matched.entries()) {
      held.untilMs ??= timeMs + Math.max(0, ...this.#reachMs.values());
      // A window that ends now may close later.
      if (held.untilMs < timeMs - forgetEveryMs) this.#matched.delete(id);
    }
  }

  #fired(firing: Firing): DetectionAlert {
    const members = firing.events.flatMap((id) => this.#matched.get(id) ?? []);
    return firingAlert(
      firing,
      members.map(({ scene }) => scene()),
      members.some(({ isFact }) => isFact),
    );
  }
}

/**
 * Longest time after an event of a rule at which a correlation may report it: the timespans of the
 * correlation and of those that build on it.
 * @param rules inner ones before those that build on them
 */
function reachOf(rules: readonly CorrelationRule[]): Map<string, number> {
  const reachMs = new Map<string, number>();
  const reachOfWord = (word: string) => reachMs.get(word) ?? 0;
  for (const { info, rules: parts, timespanMs } of rules.toReversed()) {
    const ownMs = timespanMs + Math.max(...wordsOf(info).map(reachOfWord));
    for (const part of parts) reachMs.set(part, Math.max(reachOfWord(part), ownMs));
  }
  return reachMs;
}

export function contextOfMatched({ scene, isFact }: MatchedEvent): MatchedContext {
  return { scene: scene(), isFact };
}

export function matchedOfContext({ scene, isFact }: MatchedContext): MatchedEvent {
  return { scene: () => scene, isFact };
}
