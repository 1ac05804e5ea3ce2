/**
 * Bounded set of recent ids in two generations: when the newer one is full, the older one is
 * dropped.
 */
export class RecentIds {
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(private readonly maxIds: number) {}

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  add(id: string): void {
    if (this.#young.size >= this.maxIds / 2) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(id);
  }
}
