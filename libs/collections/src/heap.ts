/** Binary heap: the smallest item comes out first. */
export class Heap<Item> {
  #items: Item[] = [];

  constructor(private readonly compare: (a: Item, b: Item) => number) {}

  get size(): number {
    return this.#items.length;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.compare(items[parent]!, item) <= 0) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (let next = 1; next < items.length; next = 2 * at + 1) {
      if (next + 1 < items.length && this.compare(items[next + 1]!, items[next]!) < 0) next += 1;
      if (this.compare(last, items[next]!) <= 0) break;
      items[at] = items[next]!;
      at = next;
    }
    items[at] = last;
    return first;
  }

  /** Returns all items in the order in which they would be popped. */
  sorted(): Item[] {
    return this.#items.toSorted(this.compare);
  }
}
