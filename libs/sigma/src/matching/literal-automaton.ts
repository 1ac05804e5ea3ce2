import { Alphabet } from './alphabet.js';
import { TextUnits } from './text-units.js';

/** Required position of a literal in a text. */
export type LiteralPosition = 'anywhere' | 'start' | 'end';

export interface Literal {
  /** Not empty. */
  text: string;
  place: LiteralPosition;
  /** Id that is reported when it is found. No two literals have the same text and place. */
  id: number;
}

/** Callback for every position at which literals end. */
export interface EndsWatcher {
  /** By literal: 1 while neither it nor its suffixes need to be reported. */
  readonly idle: Uint8Array;
  /**
   * @param literal the longest literal that ends there, by its number in the order of different
   * texts; its suffixes that are literals end there, too
   * @returns whether to read on
   */
  endAt(literal: number, length: number): boolean;
}

/**
 * Thresholds of children above which a state has a row with every next state; others search their
 * children, then follow the failure link.
 */
const narrowness = [-1, 3, 64, Infinity];
/** Limit on the table: the first threshold is used with which all rows fit. */
const maxNumbers = 4_000_000;
const latin = 256;
const none = -1;
/** Length below which texts are read with a single reader. */
const shortText = 24;
/** Extra columns of a row, after the classes: the depth of its state, and its output. */
const extras = 2;

const text = new TextUnits();

/**
 * Aho-Corasick automaton, which finds any number of literals in one pass over a text: in linear
 * time, whatever the literals and the text are. States are numbered breadth first, so that the
 * children of a state are adjacent.
 * Each step depends on the result of the previous one, and this latency dominates. A long text is
 * therefore read at four places at once. Each of the first three readers continues into the part of
 * the next one until all its partial matches began there.
 */
export class LiteralAutomaton {
  readonly #alphabet: Alphabet;
  /** The children of a state are `first[state]` up to `first[state + 1]`. */
  readonly #first: Int32Array;
  /** Character class by which the parent leads to a state. */
  readonly #label: Uint16Array;
  /** Failure link: the longest other state that is a suffix of this one. */
  readonly #fail: Int32Array;
  readonly #depth: Int32Array;
  /** Start of a wide state's row in `next`. */
  readonly #row: Int32Array;
  /**
   * Transitions. If every state has a row: the row of the next state, or `~output` if that has an
   * output. Otherwise states.
   */
  readonly #next: Int32Array;
  /** By state the longest literal that ends in it, as an index of `ends`. */
  readonly #output: Int32Array;
  readonly #ends: LiteralEnds;
  readonly #maxNarrow: number;
  readonly #stride: number;
  readonly #isDense: boolean;
  /** By output its literal, and the row that continues. */
  readonly #reports: Int32Array;
  readonly #rows: Int32Array;
  /** By output the pass in which it was last reported: each is reported once. */
  readonly #seen: Uint32Array;

  constructor(literals: readonly Literal[]) {
    this.#alphabet = new Alphabet(literals.map((literal) => literal.text));
    const trie = new Trie(literals, this.#alphabet);
    const states = trie.breadthFirst();
    const count = states.nodes.length;
    this.#first = states.first;
    this.#label = states.label;
    this.#depth = states.depth;
    this.#fail = new Int32Array(count);
    this.#row = new Int32Array(count).fill(none);
    this.#output = new Int32Array(count).fill(none);
    this.#ends = new LiteralEnds(literals);
    for (const [index, literal] of literals.entries())
      this.#output[states.of(trie.ends[index]!)] = this.#ends.add(literal, this.#output[states.of(trie.ends[index]!)]!);
    this.#stride = this.#alphabet.size + extras;
    this.#maxNarrow = narrowness.find((narrow) => this.#rowsWith(narrow) * this.#stride <= maxNumbers) ?? Infinity;
    this.#next = new Int32Array(this.#rowsWith(this.#maxNarrow) * this.#stride);
    this.#link(states.parent);
    this.#isDense = this.#maxNarrow < 0;
    const reporting = this.#isDense ? this.#output.filter((end) => end !== none).length : 0;
    this.#reports = new Int32Array(reporting);
    this.#rows = new Int32Array(reporting);
    this.#seen = new Uint32Array(reporting);
    if (this.#isDense) this.#encode();
  }

  /**
   * Writes the ids of all literals found to `found`, each once, from `at` on, and returns the index
   * after the last.
   */
  scan(value: string, found: number[], at: number): number {
    if (this.#ends.begin() === 1) this.#seen.fill(0);
    if (!this.#isDense) return this.#scanSparse(value, found, at);
    return value.length < shortText ? this.#scanShort(value, found, at) : this.#scanLong(value, found, at);
  }

  /** Calls the watcher for all positions, from left to right. */
  walk(value: string, watcher: EndsWatcher): void {
    if (!this.#isDense) return this.#walkSparse(value, watcher);
    const [next, rows, reports] = [this.#next, this.#rows, this.#reports];
    const { idle } = watcher;
    const length = text.load(value);
    const { units } = text;
    let row = 0;
    for (let index = 0; index < length; index += 1) {
      row = next[row + this.#classOf(units[index]!)]!;
      if (row >= 0) continue;
      const literal = reports[~row]!;
      row = rows[~row]!;
      if (idle[literal] === 0 && !watcher.endAt(literal, index + 1)) return;
    }
  }

  /** Returns the longest other literal that is a suffix of this one, or -1. */
  shorterOf(literal: number): number {
    return this.#ends.shorterOf(literal);
  }

  #walkSparse(value: string, watcher: EndsWatcher): void {
    let state = 0;
    for (let index = 0; index < value.length; index += 1) {
      state = this.#step(state, this.#classOf(value.charCodeAt(index)));
      if (this.#output[state] !== none && !watcher.endAt(this.#output[state]!, index + 1)) return;
    }
  }

  #scanShort(value: string, found: number[], at: number): number {
    const next = this.#next;
    let count = at;
    let row = 0;
    for (let index = 0; index < value.length; index += 1) {
      row = next[row + this.#classOf(value.charCodeAt(index))]!;
      if (row < 0) {
        count = this.#report(~row, index + 1, found, count);
        row = this.#rows[~row]!;
      }
    }
    return this.#ends.reportLast(this.#outputOf(row), found, count);
  }

  #scanLong(value: string, found: number[], at: number): number {
    const [next, rows, seen] = [this.#next, this.#rows, this.#seen];
    const { pass } = this.#ends;
    const length = text.load(value);
    const { units } = text;
    const quarter = length >> 2;
    const [second, third, fourth] = [quarter, 2 * quarter, 3 * quarter];
    let count = at;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let index = 0; index < quarter; index += 1) {
      a = next[a + this.#classOf(units[index]!)]!;
      b = next[b + this.#classOf(units[index + second]!)]!;
      c = next[c + this.#classOf(units[index + third]!)]!;
      d = next[d + this.#classOf(units[index + fourth]!)]!;
      if ((a | b | c | d) >= 0) continue;
      if (a < 0) {
        if (seen[~a] !== pass) count = this.#report(~a, index + 1, found, count);
        a = rows[~a]!;
      }
      if (b < 0) {
        if (seen[~b] !== pass) count = this.#report(~b, second + index + 1, found, count);
        b = rows[~b]!;
      }
      if (c < 0) {
        if (seen[~c] !== pass) count = this.#report(~c, third + index + 1, found, count);
        c = rows[~c]!;
      }
      if (d < 0) {
        if (seen[~d] !== pass) count = this.#report(~d, fourth + index + 1, found, count);
        d = rows[~d]!;
      }
    }
    count = this.#readOn(a, second, length, found, count);
    count = this.#readOn(b, third, length, found, count);
    count = this.#readOn(c, fourth, length, found, count);
    return this.#readRest(d, fourth + quarter, length, found, count);
  }

  /**
   * Continues past the start of the next reader while a partial match that began before it is
   * alive.
   */
  #readOn(from: number, border: number, length: number, found: number[], at: number): number {
    const depthAt = this.#alphabet.size;
    let count = at;
    let row = from;
    for (let index = border; index < length && this.#next[row + depthAt]! > index - border; index += 1) {
      row = this.#next[row + this.#classOf(text.units[index]!)]!;
      if (row < 0) {
        count = this.#report(~row, index + 1, found, count);
        row = this.#rows[~row]!;
      }
      if (index === length - 1) count = this.#ends.reportLast(this.#outputOf(row), found, count);
    }
    return count;
  }

  #readRest(from: number, start: number, length: number, found: number[], at: number): number {
    let count = at;
    let row = from;
    for (let index = start; index < length; index += 1) {
      row = this.#next[row + this.#classOf(text.units[index]!)]!;
      if (row < 0) {
        count = this.#report(~row, index + 1, found, count);
        row = this.#rows[~row]!;
      }
    }
    return this.#ends.reportLast(this.#outputOf(row), found, count);
  }

  #report(output: number, length: number, found: number[], at: number): number {
    this.#seen[output] = this.#ends.pass;
    return this.#ends.report(this.#reports[output]!, length, found, at);
  }

  #scanSparse(value: string, found: number[], at: number): number {
    let count = at;
    let state = 0;
    for (let index = 0; index < value.length; index += 1) {
      state = this.#step(state, this.#classOf(value.charCodeAt(index)));
      if (this.#output[state] !== none) count = this.#ends.report(this.#output[state]!, index + 1, found, count);
    }
    return this.#ends.reportLast(this.#output[state]!, found, count);
  }

  #classOf(unit: number): number {
    return unit < latin ? this.#alphabet.latin[unit]! : this.#alphabet.numberOf(unit);
  }

  #outputOf(row: number): number {
    return this.#next[row + this.#alphabet.size + 1]!;
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
    const { size } = this.#alphabet;
    let rows = 0;
    for (let state = 0; state < this.#fail.length; state += 1) {
      const above = parent[state]!;
      if (state > 0 && above > 0) this.#fail[state] = this.#step(this.#fail[above]!, this.#label[state]!);
      const fail = this.#fail[state]!;
      if (state > 0) this.#output[state] = this.#ends.link(this.#output[state]!, this.#output[fail]!);
      if (!this.#isWide(state, this.#maxNarrow)) continue;
      const row = rows * this.#stride;
      rows += 1;
      if (state > 0 && this.#row[fail] !== none) this.#next.copyWithin(row, this.#row[fail]!, this.#row[fail]! + size);
      else if (state > 0)
        for (let label = 0; label < size; label += 1) this.#next[row + label] = this.#step(fail, label);
      for (let child = this.#first[state]!; child < this.#first[state + 1]!; child += 1)
        this.#next[row + this.#label[child]!] = child;
      this.#row[state] = row;
    }
  }

  /** Replaces states in the table by rows and outputs. */
  #encode(): void {
    const { size } = this.#alphabet;
    const codes = new Int32Array(this.#row.length);
    let reporting = 0;
    for (let state = 0; state < codes.length; state += 1) {
      codes[state] = this.#row[state]!;
      if (this.#output[state] === none) continue;
      this.#reports[reporting] = this.#output[state]!;
      this.#rows[reporting] = this.#row[state]!;
      codes[state] = ~reporting;
      reporting += 1;
    }
    for (let state = 0; state < codes.length; state += 1) {
      const row = this.#row[state]!;
      for (let at = row; at < row + size; at += 1) this.#next[at] = codes[this.#next[at]!]!;
      this.#next[row + size] = this.#depth[state]!;
      this.#next[row + size + 1] = this.#output[state]!;
    }
  }

  #rowsWith(maxNarrow: number): number {
    let rows = 0;
    for (let state = 0; state < this.#fail.length; state += 1) if (this.#isWide(state, maxNarrow)) rows += 1;
    return rows;
  }

  /** Whether a state has a row. The root always has, so that every failure path ends. */
  #isWide(state: number, maxNarrow: number): boolean {
    return state === 0 || this.#first[state + 1]! - this.#first[state]! > maxNarrow;
  }
}

/**
 * Texts of literals and their ids. Each text has a number, and a link to the longest other literal
 * that is its suffix.
 */
class LiteralEnds {
  readonly #ids: Record<LiteralPosition, Int32Array>;
  readonly #length: Int32Array;
  readonly #shorter: Int32Array;
  /** Pass in which each was last reported: each is reported once. */
  readonly #seen: Uint32Array;
  /**
   * Pass in which each was last reported at the end of the text, which more than one reader may
   * reach.
   */
  readonly #seenLast: Uint32Array;
  #count = 0;
  pass = 0;

  constructor(literals: readonly Literal[]) {
    const idsOf = () => new Int32Array(literals.length).fill(none);
    this.#ids = { anywhere: idsOf(), start: idsOf(), end: idsOf() };
    this.#length = new Int32Array(literals.length);
    this.#shorter = new Int32Array(literals.length).fill(none);
    this.#seen = new Uint32Array(literals.length);
    this.#seenLast = new Uint32Array(literals.length);
  }

  /** @param known number of the text if it already has one */
  add({ text: { length }, place, id }: Literal, known: number): number {
    const end = known === none ? this.#count++ : known;
    this.#length[end] = length;
    this.#ids[place][end] = id;
    return end;
  }

  /**
   * Links two literals that end in one state: returns the longer, with a link to the shorter one.
   */
  link(longer: number, shorter: number): number {
    if (longer === none) return shorter;
    this.#shorter[longer] = shorter;
    return longer;
  }

  shorterOf(end: number): number {
    return this.#shorter[end]!;
  }

  /** Starts a pass and returns its number. Resets the counter before it overflows. */
  begin(): number {
    this.pass += 1;
    if (this.pass <= 0xffff_ffff) return this.pass;
    this.#seen.fill(0);
    this.#seenLast.fill(0);
    return (this.pass = 1);
  }

  /** @param length number of units read so far */
  report(end: number, length: number, found: number[], at: number): number {
    const { anywhere, start } = this.#ids;
    let count = at;
    for (let each = end; each !== none && this.#seen[each] !== this.pass; each = this.#shorter[each]!) {
      this.#seen[each] = this.pass;
      if (anywhere[each] !== none) found[count++] = anywhere[each]!;
      // A literal at the start cannot have been seen earlier.
      if (start[each] !== none && this.#length[each] === length) found[count++] = start[each]!;
    }
    return count;
  }

  /** Reports the literals at the end of the text. */
  reportLast(end: number, found: number[], at: number): number {
    let count = at;
    for (let each = end; each !== none && this.#seenLast[each] !== this.pass; each = this.#shorter[each]!) {
      this.#seenLast[each] = this.pass;
      if (this.#ids.end[each] !== none) found[count++] = this.#ids.end[each]!;
    }
    return count;
  }
}

/** Trie of the literals; nodes in the order of creation, 0 is the root. */
class Trie {
  readonly #parent: number[] = [0];
  readonly #label: number[] = [0];
  readonly #depth: number[] = [0];
  /** Newest child of a node, and the next older sibling. */
  readonly #child: number[] = [0];
  readonly #sibling: number[] = [0];
  /** Node at which each literal ends. */
  readonly ends: Int32Array;

  constructor(literals: readonly Literal[], alphabet: Alphabet) {
    this.ends = new Int32Array(literals.length);
    const children = new Map<number, number>();
    for (const [order, { text }] of literals.entries()) {
      let node = 0;
      for (let index = 0; index < text.length; index += 1) {
        const label = alphabet.numberOf(text.charCodeAt(index));
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

  /** Renumbers the nodes as states. */
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
