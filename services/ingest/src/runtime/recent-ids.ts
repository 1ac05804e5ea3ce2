/** Ids of late, as many as fit: two generations, of which the older one is forgotten when the younger is full. */
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
