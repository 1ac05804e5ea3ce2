/** Snapshot of a map of pairs: its older and newer generation. */
export interface PersistedPairs<K, V> {
  older: [string, [K, V][]][];
  newer: [string, [K, V][]][];
}

/**
 * {@link RecentMap} with two-part keys, of which the first has few values: small maps are faster
 * than a large one, and the parts need not be concatenated.
 */
export class RecentPairs<K extends string | number, V> {
  #older = new Map<string, Map<K, V>>();
  #newer = new Map<string, Map<K, V>>();
  #newerSize = 0;
  readonly #half: number;

  constructor(limit: number) {
    this.#half = Math.max(Math.floor(limit / 2), 1);
  }

  /** Returns a value and marks it as used. */
  get(place: string, key: K): V | undefined {
    const newer = this.#newer.get(place)?.get(key);
    if (newer !== undefined) return newer;
    const olderOnes = this.#older.get(place);
    const older = olderOnes?.get(key);
    if (older !== undefined) {
      olderOnes!.delete(key);
      this.set(place, key, older);
    }
    return older;
  }

  set(place: string, key: K, value: V): void {
    let values = this.#newer.get(place);
    if (values === undefined) this.#newer.set(place, (values = new Map()));
    const before = values.size;
    values.set(key, value);
    this.#newerSize += values.size - before;
    if (this.#newerSize < this.#half) return;
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#newerSize = 0;
  }

  /** Returns a value without marking it as used. */
  peek(place: string, key: K): V | undefined {
    return this.#newer.get(place)?.get(key) ?? this.#older.get(place)?.get(key);
  }

  /** Yields the value of each key once. */
  *values(): Generator<V> {
    for (const [place, values] of this.#older) {
      const newer = this.#newer.get(place);
      for (const [key, value] of values) if (!newer?.has(key)) yield value;
    }
    for (const values of this.#newer.values()) yield* values.values();
  }

  /** Drops the keys whose values `isKept` does not confirm. */
  retain(isKept: (value: V) => boolean): void {
    for (const [place, values] of this.#older) {
      const newer = this.#newer.get(place);
      for (const [key, value] of values) if (newer?.has(key) || !isKept(value)) values.delete(key);
      if (values.size === 0) this.#older.delete(place);
    }
    for (const [place, values] of this.#newer) {
      for (const [key, value] of values) if (!isKept(value)) values.delete(key);
      if (values.size === 0) this.#newer.delete(place);
    }
    this.#newerSize = sizeOf(this.#newer);
  }

  /** @param keep serializes a value; the parts of its key are stored anyway */
  snapshot<Kept>(keep: (value: V, place: string) => Kept): PersistedPairs<K, Kept> {
    const kept = (pairs: ReadonlyMap<string, ReadonlyMap<K, V>>) =>
      Array.from(pairs, ([place, values]): [string, [K, Kept][]] => [
        place,
        Array.from(values, ([key, value]): [K, Kept] => [key, keep(value, place)]),
      ]);
    return { older: kept(this.#older), newer: kept(this.#newer) };
  }

  restore<Kept>({ older, newer }: PersistedPairs<K, Kept>, read: (kept: Kept, place: string, key: K) => V): void {
    const known = (pairs: readonly [string, [K, Kept][]][]) =>
      new Map(
        pairs.map(([place, values]) => [place, new Map(values.map(([key, kept]) => [key, read(kept, place, key)]))]),
      );
    this.#older = known(older);
    this.#newer = known(newer);
    this.#newerSize = sizeOf(this.#newer);
  }
}

function sizeOf(pairs: ReadonlyMap<string, ReadonlyMap<unknown, unknown>>): number {
  let size = 0;
  for (const values of pairs.values()) size += values.size;
  return size;
}
