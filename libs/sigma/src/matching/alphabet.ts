const pageBits = 8;
const pageSize = 1 << pageBits;
const pages = 0x1_0000 >> pageBits;

/** Code units that texts consist of, numbered from 1; 0 is any other one. */
export class Alphabet {
  size = 1;
  /** Numbers of the first page, which nearly all text uses. */
  readonly latin: Uint16Array;
  /** By page the start of its numbers in {@link numbers}. Pages without a number share one. */
  readonly #starts = new Uint32Array(pages).fill(pageSize);
  #numbers = new Uint16Array(2 * pageSize);

  constructor(texts: readonly string[]) {
    this.#starts[0] = 0;
    for (const text of texts) for (let index = 0; index < text.length; index += 1) this.#add(text.charCodeAt(index));
    this.latin = this.#numbers.subarray(0, pageSize);
  }

  numberOf(unit: number): number {
    return this.#numbers[this.#starts[unit >> pageBits]! + (unit & (pageSize - 1))]!;
  }

  #add(unit: number): void {
    if (this.numberOf(unit) !== 0) return;
    const page = unit >> pageBits;
    if (this.#starts[page] === pageSize) this.#starts[page] = this.#grow();
    this.#numbers[this.#starts[page]! + (unit & (pageSize - 1))] = this.size;
    this.size += 1;
  }

  #grow(): number {
    const start = this.#numbers.length;
    const longer = new Uint16Array(start + pageSize);
    longer.set(this.#numbers);
    this.#numbers = longer;
    return start;
  }
}
