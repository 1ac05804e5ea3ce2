import type { Activity, Observation, RuntimeRecord } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';
import { workloadKey } from '@tidewaiter/workloads';

import type { DetectionAlert } from '../alerts/alert.js';
import { containerKey } from './container-key.js';
import { recordOf, type WaitingEvent } from './waiting-event.js';

/** Event of a container with missing facts, and its alerts so far. */
export interface UnplacedEvent {
  record: RuntimeRecord;
  observation: Observation;
  alerts: readonly DetectionAlert[];
}

interface UnplacedContainer {
  /** Time at which its first event was evaluated, by the clock of the detector. */
  sinceMs: number;
  /** Facts at the last evaluation of its events. */
  known: string;
  events: UnplacedEvent[];
}

export type PersistedUnplaced = [
  string,
  Omit<UnplacedContainer, 'events'> & { events: Omit<UnplacedEvent, 'observation'>[] },
][];

/**
 * A watch reports a pod within seconds; a scan of its image may take minutes, and an outage of
 * either an hour.
 */
const waitMs = 60 * 60_000;
const maxEventsOfContainer = 64;
const maxEvents = 1_000;
/**
 * Activities that rules evaluate by the image alone: such an event may raise no alert until its
 * image is known.
 */
const evaluatedByImage: ReadonlySet<Activity> = new Set(['exec', 'load', 'connect', 'dns']);

/**
 * Events of containers whose workload or image is not known yet: a sensor is faster than the
 * Kubernetes watch and the scanner. They are evaluated again when more facts arrive, so that the
 * order in which the three report does not matter.
 */
export class UnplacedEvents {
  readonly #containers = new Map<string, UnplacedContainer>();
  #size = 0;

  constructor(private readonly facts: FactContext) {}

  get size(): number {
    return this.#size;
  }

  /** Adds an event if facts of its container are missing; its record is only read then. */
  add(observation: Observation, alerts: readonly DetectionAlert[], waiting: WaitingEvent, nowMs: number): void {
    if (alerts.length === 0 && !evaluatedByImage.has(observation.activity)) return;
    const key = containerKey(observation);
    if (key === null) return;
    const known = this.#knownOf(observation);
    if (known === null) return;
    const container = this.#containers.get(key) ?? { sinceMs: nowMs, known, events: [] };
    this.#containers.set(key, container);
    container.events.push({ record: recordOf(waiting), observation, alerts });
    this.#size += 1;
    if (container.events.length > maxEventsOfContainer) this.#dropOne(container);
    while (this.#size > maxEvents) this.#dropLongestWaiting();
  }

  /** Calls `ask` for one event of each container, so that missing facts are fetched. */
  forEachContainer(ask: (observation: Observation) => void): void {
    for (const { events } of this.#containers.values()) ask(events.at(-1)!.observation);
  }

  /**
   * Returns the events of containers whose facts changed since their last evaluation, in order of
   * time.
   */
  takeChanged(nowMs: number): UnplacedEvent[] {
    const changed: UnplacedEvent[] = [];
    for (const [key, container] of this.#containers) {
      const known = this.#knownOf(container.events.at(-1)!.observation);
      if (known !== container.known) changed.push(...container.events);
      if (known === null || nowMs - container.sinceMs > waitMs) this.#drop(key, container);
      else container.known = known;
    }
    return changed.toSorted((a, b) => a.observation.timeMs - b.observation.timeMs);
  }

  snapshot(): PersistedUnplaced {
    return [...this.#containers].map(([key, { events, ...container }]) => [
      key,
      { ...container, events: events.map(({ record, alerts }) => ({ record, alerts })) },
    ]);
  }

  restore(kept: PersistedUnplaced, observe: (record: RuntimeRecord) => Observation): void {
    this.#containers.clear();
    for (const [key, { events, ...container }] of kept) {
      this.#containers.set(key, {
        ...container,
        events: events.map((event) => ({ ...event, observation: observe(event.record) })),
      });
    }
    this.#size = [...this.#containers.values()].reduce((sum, { events }) => sum + events.length, 0);
  }

  /** Known facts of the container; null if nothing is missing. */
  #knownOf(observation: Observation): string | null {
    const workload = this.facts.workloadOf(observation);
    const digest = this.facts.digestOf(observation);
    const hasImage = digest !== null && this.facts.facts.image(digest) !== null;
    return hasImage && workload !== null ? null : JSON.stringify([workload && workloadKey(workload), digest, hasImage]);
  }

  /** Drops one event of a container, one without an alert first. */
  #dropOne({ events }: UnplacedContainer): void {
    const quiet = events.findIndex(({ alerts }) => alerts.length === 0);
    events.splice(quiet < 0 ? 0 : quiet, 1);
    this.#size -= 1;
  }

  #dropLongestWaiting(): void {
    for (const [key, container] of this.#containers) return this.#drop(key, container);
  }

  #drop(key: string, { events }: UnplacedContainer): void {
    this.#containers.delete(key);
    this.#size -= events.length;
  }
}
