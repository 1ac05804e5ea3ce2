import { contextTtlMs, joinTtlMs, kindOfKey } from './join-keys.js';
import { type KeptMap, RecentMap } from './recent-map.js';

/** A stretch of time in which alerts that count followed each other closely enough, by one key. */
interface Stretch {
  fromMs: number;
  toMs: number;
  story: number;
}

/** An alert that waits for one that counts. */
interface Waiting {
  timeMs: number;
  alert: string;
}

export interface KeyTrail {
  stretches: Stretch[];
  waiting: Waiting[];
}

/** Keys that nothing was joined by for longest go first. */
const maxTrails = 300_000;
/** By one key; the newest are kept. */
const maxWaiting = 256;
const maxStretches = 64;
/** Of a kind of key that nobody joins by, no two times are close enough. */
const never = -1;

/**
 * Which stories a key leads to, and when. Alerts that count are joined when they share a key and lie close enough; whatever the order in which they
 * come, the stretches that they make are the same.
 */
export class KeyTrails {
  readonly #trails = new RecentMap<KeyTrail>(maxTrails);

  /** Stories that an alert that counts is joined to. */
  joinedBy(key: string, timeMs: number): number[] {
    const ttlMs = joinTtlMs[kindOfKey(key)] ?? never;
    return this.#near(key, timeMs, ttlMs);
  }

  /** Stories that an alert that only accompanies belongs to. */
  nearBy(key: string, timeMs: number): number[] {
    const ttlMs = contextTtlMs[kindOfKey(key)] ?? never;
    return this.#near(key, timeMs, ttlMs);
  }

  /** An alert of `story` that counts happened then. Returns the alerts that waited for it. */
  extend(key: string, timeMs: number, story: number): string[] {
    const kind = kindOfKey(key);
    const ttlMs = joinTtlMs[kind] ?? never;
    const trail = this.#trail(key);
    const near = trail.stretches.filter(({ fromMs, toMs }) => timeMs >= fromMs - ttlMs && timeMs <= toMs + ttlMs);
    const joined: Stretch = {
      fromMs: Math.min(timeMs, ...near.map(({ fromMs }) => fromMs)),
      toMs: Math.max(timeMs, ...near.map(({ toMs }) => toMs)),
      story,
    };
    trail.stretches = [...trail.stretches.filter((stretch) => !near.includes(stretch)), joined]
      .toSorted((a, b) => a.fromMs - b.fromMs)
      .slice(-maxStretches);
    const aroundMs = contextTtlMs[kind] ?? never;
    return trail.waiting
      .filter((item) => item.timeMs >= joined.fromMs - aroundMs && item.timeMs <= joined.toMs + aroundMs)
      .map(({ alert }) => alert);
  }

  wait(key: string, timeMs: number, alert: string): void {
    const { waiting } = this.#trail(key);
    waiting.push({ timeMs, alert });
    if (waiting.length > maxWaiting) waiting.splice(0, waiting.length - maxWaiting);
  }

  /** Forgets what nothing at `nowMs` or later can be joined to. */
  prune(nowMs: number): void {
    for (const [key, trail] of [...this.#trails.entries()]) {
      const kind = kindOfKey(key);
      const keptMs = Math.max(joinTtlMs[kind] ?? 0, contextTtlMs[kind] ?? 0);
      trail.stretches = trail.stretches.filter(({ toMs }) => toMs + keptMs >= nowMs);
      trail.waiting = trail.waiting.filter(({ timeMs }) => timeMs + (contextTtlMs[kind] ?? 0) >= nowMs);
      if (trail.stretches.length === 0 && trail.waiting.length === 0) this.#trails.delete(key);
    }
  }

  snapshot(): KeptMap<KeyTrail> {
    return this.#trails.snapshot();
  }

  restore(kept: KeptMap<KeyTrail>): void {
    this.#trails.restore(kept);
  }

  #near(key: string, timeMs: number, ttlMs: number): number[] {
    const stretches = this.#trails.get(key)?.stretches ?? [];
    return stretches
      .filter(({ fromMs, toMs }) => timeMs >= fromMs - ttlMs && timeMs <= toMs + ttlMs)
      .map(({ story }) => story);
  }

  #trail(key: string): KeyTrail {
    let trail = this.#trails.get(key);
    if (trail === undefined) this.#trails.set(key, (trail = { stretches: [], waiting: [] }));
    return trail;
  }
}
