import { CharacterClasses } from './character-classes.js';
import type { RegexAutomaton } from './regex-automaton.js';
import { TextUnits } from './text-units.js';

/** Number of automata that read a text together. */
export const lanes = 4;

const text = new TextUnits();

/**
 * Runs automata in parallel over a text. Each step depends on the result of the previous one, and
 * this latency dominates: four automata take only half as long again as one. They share the table
 * and its classes.
 */
export class RegexScan {
  readonly #classes: CharacterClasses;
  /**
   * By state and class the row of the next state, or `~output` where an expression is found before
   * it. The last column is for the end of the text.
   */
  readonly #next: Int32Array;
  /** By output the automaton, bits of the expressions found, and the row that continues. */
  readonly #outputs: { automaton: number; found: number; row: number }[] = [];
  /** By automaton its initial row; `#all` has the bits of all its expressions. */
  readonly #starts: readonly number[];
  readonly #all: Int32Array;
  /** Expressions found in the current text, by automaton. */
  readonly #found: Int32Array;
  /** Row of an automaton that has found all its expressions. */
  readonly #done: number;
  #left = 0;

  constructor(private readonly automata: readonly RegexAutomaton[]) {
    const borders = [...new Set(automata.flatMap(({ classes }) => classes.borders))].sort((a, b) => a - b);
    this.#classes = new CharacterClasses(borders, (point) => automata.map(({ classes }) => classes.of(point)).join());
    const stride = this.#classes.count + 1;
    const states = automata.map((automaton) => automaton.states);
    const firsts = states.map((_, index) => states.slice(0, index).reduce((sum, count) => sum + count, 0));
    const total = states.reduce((sum, count) => sum + count, 0);
    this.#starts = firsts.map((first) => first * stride);
    this.#done = total * stride;
    this.#next = new Int32Array((total + 1) * stride).fill(this.#done);
    this.#all = Int32Array.from(automata, ({ expressions }) => 2 ** expressions - 1);
    this.#found = new Int32Array(automata.length);
    for (const index of automata.keys()) this.#fill(index, states[index]!, stride);
  }

  /**
   * Returns the bits of the expressions found in the text, by automaton; valid until the next call.
   */
  find(value: string): Int32Array {
    this.#found.fill(0);
    this.#left = this.automata.length;
    const length = text.load(value);
    if (this.automata.length === 1) this.#runOne(length);
    else this.#runAll(length);
    return this.#found;
  }

  #fill(automaton: number, states: number, stride: number): void {
    const source = this.automata[automaton]!;
    const { classes } = source;
    const columns = [...this.#classes.examples.map((point) => classes.of(point)), classes.count];
    const outputs = new Map<object, number>();
    const start = this.#starts[automaton]!;
    for (let state = 0; state < states; state += 1) {
      for (const [column, from] of columns.entries()) {
        const step = source.step(state, from);
        const row = start + step.state * stride;
        const known =
          step.found === 0 ? 0 : (outputs.get(step) ?? this.#outputs.push({ automaton, found: step.found, row }) - 1);
        if (step.found !== 0) outputs.set(step, known);
        this.#next[start + state * stride + column] = step.found === 0 ? row : ~known;
      }
    }
  }

  #runOne(length: number): void {
    const next = this.#next;
    const { latin, count } = this.#classes;
    const { units } = text;
    let row = this.#starts[0]!;
    for (let index = 0; index < length; index += 1) {
      const unit = units[index]!;
      let number: number;
      if (unit < latin.length) number = latin[unit]!;
      else {
        const point = pointAt(units, index, length);
        if (point > 0xffff) index += 1;
        number = this.#classes.of(point);
      }
      row = next[row + number]!;
      if (row >= 0) continue;
      row = this.#report(row);
      if (this.#left === 0) return;
    }
    this.#report(next[row + count]!);
  }

  #runAll(length: number): void {
    const next = this.#next;
    const { latin, count } = this.#classes;
    const { units } = text;
    let [a, b, c, d] = [0, 1, 2, 3].map((lane) => this.#starts[lane] ?? this.#done) as [number, number, number, number];
    for (let index = 0; index < length; index += 1) {
      const unit = units[index]!;
      let number: number;
      if (unit < latin.length) number = latin[unit]!;
      else {
        const point = pointAt(units, index, length);
        if (point > 0xffff) index += 1;
        number = this.#classes.of(point);
      }
      a = next[a + number]!;
      b = next[b + number]!;
      c = next[c + number]!;
      d = next[d + number]!;
      if ((a | b | c | d) >= 0) continue;
      [a, b, c, d] = [this.#report(a), this.#report(b), this.#report(c), this.#report(d)];
      if (this.#left === 0) return;
    }
    for (const row of [a, b, c, d]) this.#report(next[row + count]!);
  }

  /** Records the expressions found before a row, if any, and returns the row that continues. */
  #report(next: number): number {
    if (next >= 0) return next;
    const { automaton, found, row } = this.#outputs[~next]!;
    this.#found[automaton]! |= found;
    if (this.#found[automaton] !== this.#all[automaton]) return row;
    this.#left -= 1;
    return this.#done;
  }
}

function pointAt(units: Uint16Array, index: number, length: number): number {
  const unit = units[index]!;
  const follows = index + 1 < length ? units[index + 1]! : 0;
  const isPair = unit >> 10 === 0xd800 >> 10 && follows >> 10 === 0xdc00 >> 10;
  return isPair ? 0x1_0000 + ((unit & 0x3ff) << 10) + (follows & 0x3ff) : unit;
}
