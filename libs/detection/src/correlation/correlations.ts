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

export interface PersistedCorrelations {
  scenes: PersistedMap<MatchedContext>;
  /** Base64. */
  state: string;
}

const maxScenes = 10_000;

/** Runs correlations and makes alerts of the events that they join. Events must arrive in order. */
export class Correlations {
  #correlator: Correlator;
  readonly #matched = new RecentMap<MatchedEvent>(maxScenes);

  constructor(rules: readonly CorrelationRule[]) {
    this.#correlator = new Correlator(rules);
  }

  get figures(): CorrelatorFigures {
    return this.#correlator.figures;
  }

  observe(event: CorrelatedEvent, matched: MatchedEvent): DetectionAlert[] {
    this.#matched.set(event.id, matched);
    return this.#correlator.observe(event).map((firing) => this.#fired(firing));
  }

  advance(timeMs: number): DetectionAlert[] {
    return this.#correlator.advance(timeMs).map((firing) => this.#fired(firing));
  }

  /** Replaces the rules; unchanged correlations keep their state. */
  replace(rules: readonly CorrelationRule[]): void {
    const state = this.#correlator.snapshot();
    this.#correlator = new Correlator(rules);
    this.#correlator.restore(state);
  }

  snapshot(): PersistedCorrelations {
    const { older, newer } = this.#matched.snapshot();
    const serialize = (all: [string, MatchedEvent][]) =>
      all.map(([id, matched]): [string, MatchedContext] => [id, contextOfMatched(matched)]);
    return {
      scenes: { older: serialize(older), newer: serialize(newer) },
      state: Buffer.from(this.#correlator.snapshot()).toString('base64'),
    };
  }

  restore({ scenes: { older, newer }, state }: PersistedCorrelations): void {
    const deserialize = (all: [string, MatchedContext][]) =>
      all.map(([id, matched]): [string, MatchedEvent] => [id, matchedOfContext(matched)]);
    this.#matched.restore({ older: deserialize(older), newer: deserialize(newer) });
    this.#correlator.restore(Buffer.from(state, 'base64'));
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

export function contextOfMatched({ scene, isFact }: MatchedEvent): MatchedContext {
  return { scene: scene(), isFact };
}

export function matchedOfContext({ scene, isFact }: MatchedContext): MatchedEvent {
  return { scene: () => scene, isFact };
}
