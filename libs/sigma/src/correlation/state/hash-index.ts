const empty = -1;

/**
 * Finds rows of a table by the hash of their key: open addressing, four bytes a slot, and nothing for the collector.
 * Whether a row is the one that is meant its owner must see: `for (let slot = index.home(hash); …; slot = index.next(slot))`.
 */
export class HashIndex {
  #rows = new Int32Array(64).fill(empty);
  #size = 0;

  /** @param hashOf of a row that is in the table */
  constructor(private readonly hashOf: (row: number) => number) {}

  /** Where a row with that hash would be first. */
  home(hash: number): number {
    return hash & (this.#rows.length - 1);
  }

  /** Where it would be next. */
  next(slot: number): number {
    return (slot + 1) & (this.#rows.length - 1);
  }

  /** -1 where the search is over. */
  rowAt(slot: number): number {
    return this.#rows[slot]!;
  }

  /** @param row that is not in it yet */
  add(row: number): void {
    this.#size += 1;
    if (this.#size * 4 > this.#rows.length * 3) this.#grow();
    this.#put(row);
  }

  /** @param row that is in it, and whose hash is still to be had */
  delete(row: number): void {
    let gap = this.home(this.hashOf(row));
    while (this.#rows[gap] !== row) gap = this.next(gap);
    const mask = this.#rows.length - 1;
    // What was pushed past the gap moves back into it, so that no search ends too early.
    for (let slot = this.next(gap); this.#rows[slot] !== empty; slot = this.next(slot)) {
      const home = this.home(this.hashOf(this.#rows[slot]!));
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.#rows[gap] = this.#rows[slot]!;
      gap = slot;
    }
    this.#rows[gap] = empty;
    this.#size -= 1;
  }

  #put(row: number): void {
    let slot = this.home(this.hashOf(row));
    while (this.#rows[slot] !== empty) slot = this.next(slot);
    this.#rows[slot] = row;
  }

  #grow(): void {
    const rows = this.#rows;
    this.#rows = new Int32Array(rows.length * 2).fill(empty);
    for (const row of rows) if (row !== empty) this.#put(row);
  }
}

/** Spreads what differs in any bit over all bits. */
export function mixed(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
