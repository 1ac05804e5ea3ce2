import { type PersistedMap, RecentMap } from '@tidewaiter/collections';

import { contextTtlMs, counterpartOf, joinTtlMs, kindOfKey } from './join-keys.js';

/** Period in which core alerts with one key followed each other closely enough. */
interface Stretch {
  fromMs: number;
  toMs: number;
  cluster: number;
}

/** Context alert that waits for a core alert. */
interface Waiting {
  timeMs: number;
  alert: string;
}

export interface KeyTrail {
  stretches: Stretch[];
  waiting: Waiting[];
}

/** Limit on keys; the least recently used are evicted first. */
const maxTrails = 300_000;
/** Limits for each key; the newest entries stay. */
const maxWaiting = 256;
const maxStretches = 64;
/** Maximum distance for kinds of keys that never join: no two times are close enough. */
const never = -1;

/**
 * Clusters of each key, with their periods. Core alerts are joined when they share a key and are
 * close enough in time; the resulting periods do not depend on the order of arrival.
 */
export class KeyTrails {
  readonly #trails = new RecentMap<KeyTrail>(maxTrails);

  /** Returns the clusters that a core alert is joined to. */
  joinedBy(key: string, timeMs: number): number[] {
    const ttlMs = joinTtlMs[kindOfKey(key)] ?? never;
    return this.#near(counterpartOf(key) ?? key, timeMs, ttlMs);
  }

  /** Returns the clusters that a context alert belongs to. */
  nearBy(key: string, timeMs: number): number[] {
    const ttlMs = contextTtlMs[kindOfKey(key)] ?? never;
    return this.#near(counterpartOf(key) ?? key, timeMs, ttlMs);
  }

  /**
   * Adds a core alert of `cluster` to the periods of a key. Returns the alerts that waited for it.
   */
  extend(key: string, timeMs: number, cluster: number): string[] {
    const kind = kindOfKey(key);
    const counterpart = counterpartOf(key);
    const ttlMs = joinTtlMs[kind] ?? never;
    const trail = this.#trail(key);
    // Causes stay apart, and so do effects: each cluster has periods of its own.
    const near = trail.stretches.filter(
      (stretch) =>
        timeMs >= stretch.fromMs - ttlMs &&
        timeMs <= stretch.toMs + ttlMs &&
        (counterpart === null || stretch.cluster === cluster),
    );
    const joined: Stretch = {
      fromMs: Math.min(timeMs, ...near.map(({ fromMs }) => fromMs)),
      toMs: Math.max(timeMs, ...near.map(({ toMs }) => toMs)),
      cluster,
    };
    trail.stretches = [...trail.stretches.filter((stretch) => !near.includes(stretch)), joined]
      .toSorted((a, b) => a.fromMs - b.fromMs)
      .slice(-maxStretches);
    const aroundMs = contextTtlMs[kind] ?? never;
    const { waiting } = counterpart === null ? trail : (this.#trails.get(counterpart) ?? { waiting: [] });
    return waiting
      .filter((item) => item.timeMs >= joined.fromMs - aroundMs && item.timeMs <= joined.toMs + aroundMs)
      .map(({ alert }) => alert);
  }

  wait(key: string, timeMs: number, alert: string): void {
    const { waiting } = this.#trail(key);
    waiting.push({ timeMs, alert });
    if (waiting.length > maxWaiting) waiting.splice(0, waiting.length - maxWaiting);
  }

  /** Drops periods and waiting alerts that no alert at `nowMs` or later can be joined to. */
  prune(nowMs: number): void {
    for (const [key, trail] of [...this.#trails.entries()]) {
      const kind = kindOfKey(key);
      const keptMs = Math.max(joinTtlMs[kind] ?? 0, contextTtlMs[kind] ?? 0);
      trail.stretches = trail.stretches.filter(({ toMs }) => toMs + keptMs >= nowMs);
      trail.waiting = trail.waiting.filter(({ timeMs }) => timeMs + (contextTtlMs[kind] ?? 0) >= nowMs);
      if (trail.stretches.length === 0 && trail.waiting.length === 0) this.#trails.delete(key);
    }
  }

  snapshot(): PersistedMap<KeyTrail> {
    return this.#trails.snapshot();
  }

  restore(kept: PersistedMap<KeyTrail>): void {
    this.#trails.restore(kept);
  }

  #near(key: string, timeMs: number, ttlMs: number): number[] {
    const stretches = this.#trails.get(key)?.stretches ?? [];
    return stretches
      .filter(({ fromMs, toMs }) => timeMs >= fromMs - ttlMs && timeMs <= toMs + ttlMs)
      .map(({ cluster }) => cluster);
  }

  #trail(key: string): KeyTrail {
    let trail = this.#trails.get(key);
    if (trail === undefined) this.#trails.set(key, (trail = { stretches: [], waiting: [] }));
    return trail;
  }
}
