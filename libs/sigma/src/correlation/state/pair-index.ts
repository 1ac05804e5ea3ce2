const empty = -1;

/** Finds the place of what two numbers name: a hash table with open addressing, 12 bytes a slot and nothing for the collector. */
export class PairIndex {
  #first = new Int32Array(64);
  #second = new Int32Array(64);
  #places = new Int32Array(64).fill(empty);
  #size = 0;

  /** -1 when nothing is there. */
  get(first: number, second: number): number {
    return this.#places[this.#slotOf(first, second)]!;
  }

  set(first: number, second: number, place: number): void {
    const slot = this.#slotOf(first, second);
    if (this.#places[slot] === empty) this.#size += 1;
    this.#put(slot, first, second, place);
    if (this.#size * 4 > this.#places.length * 3) this.#grow();
  }

  delete(first: number, second: number): void {
    let gap = this.#slotOf(first, second);
    if (this.#places[gap] === empty) return;
    this.#size -= 1;
    const mask = this.#places.length - 1;
    // What was pushed past the gap moves back into it, so that no search ends too early.
    for (let slot = (gap + 1) & mask; this.#places[slot] !== empty; slot = (slot + 1) & mask) {
      const home = this.#homeOf(this.#first[slot]!, this.#second[slot]!);
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.#put(gap, this.#first[slot]!, this.#second[slot]!, this.#places[slot]!);
      gap = slot;
    }
    this.#places[gap] = empty;
  }

  /** Where the pair is, else where it would be put. */
  #slotOf(first: number, second: number): number {
    const mask = this.#places.length - 1;
    let slot = this.#homeOf(first, second);
    while (this.#places[slot] !== empty && (this.#first[slot] !== first || this.#second[slot] !== second))
      slot = (slot + 1) & mask;
    return slot;
  }

  #homeOf(first: number, second: number): number {
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 13)) & (this.#places.length - 1);
  }

  #put(slot: number, first: number, second: number, place: number): void {
    this.#first[slot] = first;
    this.#second[slot] = second;
    this.#places[slot] = place;
  }

  #grow(): void {
    const [firsts, seconds, places] = [this.#first, this.#second, this.#places];
    const length = places.length * 2;
    this.#first = new Int32Array(length);
    this.#second = new Int32Array(length);
    this.#places = new Int32Array(length).fill(empty);
    for (let slot = 0; slot < places.length; slot += 1)
      if (places[slot] !== empty)
        this.#put(this.#slotOf(firsts[slot]!, seconds[slot]!), firsts[slot]!, seconds[slot]!, places[slot]!);
  }
}
