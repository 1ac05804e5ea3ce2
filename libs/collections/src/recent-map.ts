/** Snapshot of a map: its older and newer generation. */
export interface PersistedMap<V> {
  older: [string, V][];
  newer: [string, V][];
}

/**
 * Bounded map of at most `limit` entries with approximate LRU eviction. When the newer generation
 * reaches half the limit, entries of the older one that were not used since are dropped: cheaper
 * than exact LRU, and at least the newer half always stays.
 */
export class RecentMap<V> {
  #older = new Map<string, V>();
  #newer = new Map<string, V>();
  readonly #half: number;

  constructor(limit: number) {
    this.#half = Math.max(Math.floor(limit / 2), 1);
  }

  /** Returns a value and marks it as used. */
  get(key: string): V | undefined {
    const newer = this.#newer.get(key);
    if (newer !== undefined || this.#older.size === 0) return newer;
    const older = this.#older.get(key);
    if (older !== undefined) {
      this.#older.delete(key);
      this.set(key, older);
    }
    return older;
  }

  set(key: string, value: V): void {
    this.#newer.set(key, value);
    if (this.#newer.size < this.#half) return;
    this.#older = this.#newer;
    this.#newer = new Map();
  }

  delete(key: string): void {
    this.#older.delete(key);
    this.#newer.delete(key);
  }

  /** Yields each key once. */
  *entries(): Generator<[string, V]> {
    for (const entry of this.#older) if (!this.#newer.has(entry[0])) yield entry;
    yield* this.#newer;
  }

  snapshot(): PersistedMap<V> {
    return { older: [...this.#older], newer: [...this.#newer] };
  }

  restore({ older, newer }: PersistedMap<V>): void {
    this.#older = new Map(older);
    this.#newer = new Map(newer);
  }
}
