/** What was seen lately, by key: holds at most `limit` entries, and what was used longest ago goes first. */
export class RecentMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Reading is using. */
  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Used longest ago first. */
  entries(): [string, V][] {
    return [...this.#entries];
  }

  restore(entries: readonly (readonly [string, V])[]): void {
    this.#entries.clear();
    for (const [key, value] of entries) this.set(key, value);
  }
}
