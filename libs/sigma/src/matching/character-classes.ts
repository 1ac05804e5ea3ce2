const lastPoint = 0x10_ffff;
const pageBits = 8;
const pageSize = 1 << pageBits;

/** Equivalence classes of code points. */
export class CharacterClasses {
  /** One code point of each class. */
  readonly examples: readonly number[];
  /** Code points at which a class begins that differs from the one before, in order. */
  readonly borders: readonly number[];
  /** Classes of the first 256 code points, which nearly all text uses. */
  readonly latin: Uint16Array;
  /** By page of code points the page of its classes. Pages of a single class share theirs. */
  readonly #pages = new Uint16Array((lastPoint >> pageBits) + 1);
  readonly #classes: Uint16Array;

  /**
   * @param borders code points that may differ from the one before, in order
   * @param kindOf returns the same text for all code points of a class
   */
  constructor(borders: Iterable<number>, kindOf: (point: number) => string) {
    const ranges = [0, ...[...borders].filter((point) => point > 0 && point <= lastPoint)];
    const kinds = ranges.map(kindOf);
    this.borders = ranges.filter((_, range) => range > 0 && kinds[range] !== kinds[range - 1]);
    const classes = [...new Set(kinds)];
    const numbers = new Map(classes.map((kind, number) => [kind, number]));
    this.examples = classes.map((kind) => ranges[kinds.indexOf(kind)]!);
    this.#classes = this.#fill(
      ranges,
      kinds.map((kind) => numbers.get(kind)!),
    );
    this.latin = this.#classes.subarray(0, pageSize);
  }

  get count(): number {
    return this.examples.length;
  }

  of(point: number): number {
    return this.#classes[(this.#pages[point >> pageBits]! << pageBits) + (point & (pageSize - 1))]!;
  }

  #fill(ranges: readonly number[], classOf: readonly number[]): Uint16Array {
    const classes: number[] = [];
    const uniform = new Map<number, number>();
    let range = 0;
    for (let page = 0; page < this.#pages.length; page += 1) {
      const first = page << pageBits;
      if (ranges[range + 1]! <= first) range += 1;
      const isUniform = range + 1 === ranges.length || ranges[range + 1]! >= first + pageSize;
      const known = isUniform ? uniform.get(classOf[range]!) : undefined;
      this.#pages[page] = known ?? classes.length >> pageBits;
      if (known !== undefined) continue;
      if (isUniform) uniform.set(classOf[range]!, classes.length >> pageBits);
      for (let point = first; point < first + pageSize; point += 1) {
        if (ranges[range + 1]! <= point) range += 1;
        classes.push(classOf[range]!);
      }
    }
    return Uint16Array.from(classes);
  }
}
