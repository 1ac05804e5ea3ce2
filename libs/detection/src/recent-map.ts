/** What a map holds, for a snapshot: older ones and newer ones. */
export interface KeptMap<V> {
  older: [string, V][];
  newer: [string, V][];
}

/**
 * What was seen lately, by key: holds at most `limit` entries. Once half of it is new, what was not used since the half before is forgotten: cheaper than
 * an order of every use, and never less than the newer half is known.
 */
export class RecentMap<V> {
  #older = new Map<string, V>();
  #newer = new Map<string, V>();
  readonly #half: number;

  constructor(limit: number) {
    this.#half = Math.max(Math.floor(limit / 2), 1);
  }

  /** Reading is using. */
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

  /** Each key once. */
  *entries(): Generator<[string, V]> {
    for (const entry of this.#older) if (!this.#newer.has(entry[0])) yield entry;
    yield* this.#newer;
  }

  snapshot(): KeptMap<V> {
    return { older: [...this.#older], newer: [...this.#newer] };
  }

  restore({ older, newer }: KeptMap<V>): void {
    this.#older = new Map(older);
    this.#newer = new Map(newer);
  }
}
