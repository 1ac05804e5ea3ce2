import {
  type CorrelatedEvent,
  type CorrelationRule,
  Correlator,
  type CorrelatorFigures,
  type Firing,
} from '@tidewaiter/sigma';

import { firingAlert } from './alert-of.js';
import type { Alert } from './alert.js';
import { type KeptMap, RecentMap } from './recent-map.js';
import type { Scene } from './scene.js';

/** What is remembered of an event that a correlation may come back to. */
export interface MatchedScene {
  scene: Scene;
  /** Whether a rule asked for what is known, not only for what happened. */
  isFact: boolean;
}

export interface KeptCorrelations {
  scenes: KeptMap<MatchedScene>;
  /** Base64. */
  state: string;
}

const maxScenes = 10_000;

/** Correlations, and what there is to tell of the events that they join. What arrives is in order. */
export class Correlations {
  #correlator: Correlator;
  readonly #scenes = new RecentMap<MatchedScene>(maxScenes);

  constructor(rules: readonly CorrelationRule[]) {
    this.#correlator = new Correlator(rules);
  }

  get figures(): CorrelatorFigures {
    return this.#correlator.figures;
  }

  observe(event: CorrelatedEvent, matched: MatchedScene): Alert[] {
    this.#scenes.set(event.id, matched);
    return this.#correlator.observe(event).map((firing) => this.#fired(firing));
  }

  advance(timeMs: number): Alert[] {
    return this.#correlator.advance(timeMs).map((firing) => this.#fired(firing));
  }

  /** The state of correlations that stay as they are stays. */
  replace(rules: readonly CorrelationRule[]): void {
    const state = this.#correlator.snapshot();
    this.#correlator = new Correlator(rules);
    this.#correlator.restore(state);
  }

  snapshot(): KeptCorrelations {
    return {
      scenes: this.#scenes.snapshot(),
      state: Buffer.from(this.#correlator.snapshot()).toString('base64'),
    };
  }

  restore({ scenes, state }: KeptCorrelations): void {
    this.#scenes.restore(scenes);
    this.#correlator.restore(Buffer.from(state, 'base64'));
  }

  #fired(firing: Firing): Alert {
    const members = firing.events.flatMap((id) => this.#scenes.get(id) ?? []);
    return firingAlert(
      firing,
      members.map(({ scene }) => scene),
      members.some(({ isFact }) => isFact),
    );
  }
}
