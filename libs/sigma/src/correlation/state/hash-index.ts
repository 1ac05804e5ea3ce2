const empty = -1;

/**
 * Hash index of table rows by key: open addressing, four bytes a slot, no objects for the garbage
 * collector. The caller compares the keys: `for (let slot = index.home(hash); …; slot =
 * index.next(slot))`.
 */
export class HashIndex {
  #rows = new Int32Array(64).fill(empty);
  #size = 0;

  /** @param hashOf returns the hash of a row in the table */
  constructor(private readonly hashOf: (row: number) => number) {}

  /** Returns the first slot of a hash. */
  home(hash: number): number {
    return hash & (this.#rows.length - 1);
  }

  /** Returns the next slot to probe. */
  next(slot: number): number {
    return (slot + 1) & (this.#rows.length - 1);
  }

  /** Returns the row in a slot; -1 ends the search. */
  rowAt(slot: number): number {
    return this.#rows[slot]!;
  }

  /** @param row a row that is not in the index yet */
  add(row: number): void {
    this.#size += 1;
    if (this.#size * 4 > this.#rows.length * 3) this.#grow();
    this.#put(row);
  }

  /** @param row a row that is in the index, whose hash can still be computed */
  delete(row: number): void {
    let gap = this.home(this.hashOf(row));
    while (this.#rows[gap] !== row) gap = this.next(gap);
    const mask = this.#rows.length - 1;
    // Rows that were displaced past the gap move back, so that no probe sequence ends too early.
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

/** Mixes the bits of a hash, so that each input bit affects all output bits. */
export function mixed(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
