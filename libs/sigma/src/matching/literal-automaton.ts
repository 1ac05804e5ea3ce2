/** Where in a text a literal must stand. */
export type Place = 'anywhere' | 'start' | 'end';

export interface Literal {
  /** Not empty. */
  text: string;
  place: Place;
  /** What is reported when it is found. No two literals have the same text and place. */
  id: number;
}

/** A state with more children than this has a row with every next state; the others look at their children, then where they fail to. */
const narrowness = [-1, 3, 64, Infinity];
/** All rows together: the first of these is taken with which they are no more. */
const maxNumbers = 4_000_000;
const latin = 256;
const none = -1;

/**
 * Finds any number of literals in one pass over a text, after Aho and Corasick: time in proportion to the text, whatever the
 * literals and the text are. States are numbered breadth first, so that the children of one stand side by side.
 */
export class LiteralAutomaton {
  readonly #alphabet: Alphabet;
  /** The children of a state are `first[state]` up to `first[state + 1]`. */
  readonly #first: Int32Array;
  /** The class of characters by which a parent leads to it. */
  readonly #label: Uint16Array;
  /** The longest other state that is the end of this one. */
  readonly #fail: Int32Array;
  /** Where in `next` the row of a wide state begins. */
  readonly #row: Int32Array;
  readonly #next: Int32Array;
  readonly #depth: Int32Array;
  /** The longest state that is the end of this one, or itself, and the end of a literal; 0 for none. */
  readonly #output: Int32Array;
  /** The same, without itself. */
  readonly #shorter: Int32Array;
  readonly #ids: Record<Place, Int32Array>;
  readonly #maxNarrow: number;
  readonly #isDense: boolean;
  /** In which pass a state was last reported: what was found needs not be found again. */
  readonly #seen: Uint32Array;
  #pass = 0;

  constructor(literals: readonly Literal[]) {
    this.#alphabet = new Alphabet(literals);
    const trie = new Trie(literals, this.#alphabet);
    const states = trie.breadthFirst();
    const count = states.nodes.length;
    this.#first = states.first;
    this.#label = states.label;
    this.#depth = states.depth;
    this.#fail = new Int32Array(count);
    this.#row = new Int32Array(count).fill(none);
    this.#output = new Int32Array(count);
    this.#shorter = new Int32Array(count);
    this.#seen = new Uint32Array(count);
    const idsOf = () => new Int32Array(count).fill(none);
    this.#ids = { anywhere: idsOf(), start: idsOf(), end: idsOf() };
    for (const [index, { place, id }] of literals.entries()) this.#ids[place][states.of(trie.ends[index]!)] = id;
    this.#maxNarrow =
      narrowness.find((narrow) => this.#rowsWith(narrow) * this.#alphabet.size <= maxNumbers) ?? Infinity;
    this.#next = new Int32Array(this.#rowsWith(this.#maxNarrow) * this.#alphabet.size);
    this.#link(states.parent);
    this.#isDense = this.#maxNarrow < 0;
    // Where every state has a row, the place of the row stands for the state, and the last bit says whether a literal ends there.
    if (this.#isDense)
      for (const [at, state] of this.#next.entries())
        this.#next[at] = (this.#row[state]! << 1) | (this.#output[state] === 0 ? 0 : 1);
  }

  /** Writes the id of everything found into `found`, each once, from `at` on, and returns the place behind the last. */
  scan(text: string, found: number[], at: number): number {
    const pass = this.#nextPass();
    return this.#isDense ? this.#scanDense(text, pass, found, at) : this.#scanSparse(text, pass, found, at);
  }

  #scanDense(text: string, pass: number, found: number[], at: number): number {
    const [table, alphabet] = [this.#next, this.#alphabet];
    const { size, latin: latinClasses } = alphabet;
    let count = at;
    let entry = 0;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      entry = table[(entry >> 1) + (code < latin ? latinClasses[code]! : alphabet.classOf(code))]!;
      if ((entry & 1) === 1) count = this.#report((entry >> 1) / size, index + 1, pass, found, count);
    }
    return this.#reportEnd((entry >> 1) / size, found, count);
  }

  #scanSparse(text: string, pass: number, found: number[], at: number): number {
    let count = at;
    let state = 0;
    for (let index = 0; index < text.length; index += 1) {
      state = this.#step(state, this.#alphabet.classOf(text.charCodeAt(index)));
      if (this.#output[state] !== 0) count = this.#report(state, index + 1, pass, found, count);
    }
    return this.#reportEnd(state, found, count);
  }

  #report(state: number, length: number, pass: number, found: number[], at: number): number {
    const { anywhere, start } = this.#ids;
    let count = at;
    for (let each = this.#output[state]!; each !== 0 && this.#seen[each] !== pass; each = this.#shorter[each]!) {
      this.#seen[each] = pass;
      if (anywhere[each] !== none) found[count++] = anywhere[each]!;
      // What stands at the start is nowhere seen earlier.
      if (start[each] !== none && this.#depth[each] === length) found[count++] = start[each]!;
    }
    return count;
  }

  #reportEnd(state: number, found: number[], at: number): number {
    const { end } = this.#ids;
    let count = at;
    for (let each = this.#output[state]!; each !== 0; each = this.#shorter[each]!)
      if (end[each] !== none) found[count++] = end[each]!;
    return count;
  }

  #step(from: number, label: number): number {
    for (let state = from; ; state = this.#fail[state]!) {
      const row = this.#row[state]!;
      if (row !== none) return this.#next[row + label]!;
      for (let child = this.#first[state]!; child < this.#first[state + 1]!; child += 1)
        if (this.#label[child] === label) return child;
    }
  }

  #link(parent: Int32Array): void {
    let rows = 0;
    for (let state = 0; state < this.#fail.length; state += 1) {
      const above = parent[state]!;
      if (state > 0 && above > 0) this.#fail[state] = this.#step(this.#fail[above]!, this.#label[state]!);
      const fail = this.#fail[state]!;
      this.#shorter[state] = this.#output[fail]!;
      this.#output[state] = this.#endsLiteral(state) ? state : this.#shorter[state]!;
      if (!this.#isWide(state, this.#maxNarrow)) continue;
      const row = rows * this.#alphabet.size;
      rows += 1;
      if (state > 0)
        for (let label = 0; label < this.#alphabet.size; label += 1) this.#next[row + label] = this.#step(fail, label);
      for (let child = this.#first[state]!; child < this.#first[state + 1]!; child += 1)
        this.#next[row + this.#label[child]!] = child;
      this.#row[state] = row;
    }
  }

  #rowsWith(maxNarrow: number): number {
    let rows = 0;
    for (let state = 0; state < this.#fail.length; state += 1) if (this.#isWide(state, maxNarrow)) rows += 1;
    return rows;
  }

  /** The root always, so that every way down ends. */
  #isWide(state: number, maxNarrow: number): boolean {
    return state === 0 || this.#first[state + 1]! - this.#first[state]! > maxNarrow;
  }

  #endsLiteral(state: number): boolean {
    return state > 0 && (['anywhere', 'start', 'end'] as const).some((place) => this.#ids[place][state] !== none);
  }

  #nextPass(): number {
    this.#pass += 1;
    if (this.#pass > 0xffff_ffff) {
      this.#seen.fill(0);
      this.#pass = 1;
    }
    return this.#pass;
  }
}

/** Characters of literals, numbered; 0 is every other one. */
class Alphabet {
  size = 1;
  readonly latin = new Uint16Array(latin);
  readonly #others = new Map<number, number>();

  constructor(literals: readonly Literal[]) {
    for (const { text } of literals) {
      for (let index = 0; index < text.length; index += 1) {
        const code = text.charCodeAt(index);
        if (this.classOf(code) !== 0) continue;
        if (code < latin) this.latin[code] = this.size;
        else this.#others.set(code, this.size);
        this.size += 1;
      }
    }
  }

  classOf(code: number): number {
    return code < latin ? this.latin[code]! : (this.#others.get(code) ?? 0);
  }
}

/** Nodes in the order in which they were made; 0 is the root. */
class Trie {
  readonly #parent: number[] = [0];
  readonly #label: number[] = [0];
  readonly #depth: number[] = [0];
  /** The youngest child of a node, and the next older one of the same parent. */
  readonly #child: number[] = [0];
  readonly #sibling: number[] = [0];
  /** The node at which each literal ends. */
  readonly ends: Int32Array;

  constructor(literals: readonly Literal[], alphabet: Alphabet) {
    this.ends = new Int32Array(literals.length);
    const children = new Map<number, number>();
    for (const [order, { text }] of literals.entries()) {
      let node = 0;
      for (let index = 0; index < text.length; index += 1) {
        const label = alphabet.classOf(text.charCodeAt(index));
        const key = node * alphabet.size + label;
        let child = children.get(key);
        if (child === undefined) {
          child = this.#add(node, label);
          children.set(key, child);
        }
        node = child;
      }
      this.ends[order] = node;
    }
  }

  #add(parent: number, label: number): number {
    const node = this.#parent.length;
    this.#parent.push(parent);
    this.#label.push(label);
    this.#depth.push(this.#depth[parent]! + 1);
    this.#child.push(0);
    this.#sibling.push(this.#child[parent]!);
    this.#child[parent] = node;
    return node;
  }

  /** The nodes renumbered as states. */
  breadthFirst() {
    const count = this.#parent.length;
    const nodes = new Int32Array(count);
    const numbers = new Int32Array(count);
    const first = new Int32Array(count + 1);
    const [label, depth, parent] = [new Uint16Array(count), new Int32Array(count), new Int32Array(count)];
    let end = 1;
    for (let state = 0; state < count; state += 1) {
      const node = nodes[state]!;
      label[state] = this.#label[node]!;
      depth[state] = this.#depth[node]!;
      parent[state] = numbers[this.#parent[node]!]!;
      first[state] = end;
      for (let child = this.#child[node]!; child !== 0; child = this.#sibling[child]!) {
        numbers[child] = end;
        nodes[end++] = child;
      }
    }
    first[count] = end;
    return { nodes, first, label, depth, parent, of: (node: number) => numbers[node]! };
  }
}
