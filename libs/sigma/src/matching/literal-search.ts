import { LiteralAutomaton } from './literal-automaton.js';
import type { Literal } from './literal-automaton.js';

/** Test that a field contains a literal. */
export interface SearchedLiteral extends Omit<Literal, 'id'> {
  /** Number of the scan that needs the test, which is about one field. */
  scan: number;
  question: number;
}

/**
 * Number of texts of an event that are cached: only fields with lists have more, and those texts
 * are rarely shared.
 */
const maxTexts = 16;

/**
 * Finds the literals of all fields in each text of an event once, however many fields contain it: a
 * command line is a value of `CommandLine`, of `Process.CommandLine` and of the keywords.
 */
export class LiteralSearch {
  readonly #automaton: LiteralAutomaton;
  /** By literal the start of its scans and tests in `asked`, in pairs. */
  readonly #starts: Int32Array;
  readonly #asked: Int32Array;
  readonly #texts: string[] = [];
  /** By text the end of its literals in `found`; those of the next one begin there. */
  readonly #ends = new Int32Array(maxTexts);
  readonly #found: number[] = [];
  #count = 0;

  constructor(searched: readonly SearchedLiteral[]) {
    const literals = new Map<string, { literal: Literal; asked: number[] }>();
    for (const { text, place, scan, question } of searched) {
      const key = `${place} ${text}`;
      const known = literals.get(key);
      if (known) known.asked.push(scan, question);
      else literals.set(key, { literal: { text, place, id: literals.size }, asked: [scan, question] });
    }
    const all = [...literals.values()];
    this.#automaton = new LiteralAutomaton(all.map(({ literal }) => literal));
    this.#starts = new Int32Array(all.length + 1);
    for (const [id, { asked }] of all.entries()) this.#starts[id + 1] = this.#starts[id]! + asked.length;
    this.#asked = Int32Array.from(all.flatMap(({ asked }) => asked));
  }

  /** Clears the cache of the last event. */
  begin(): void {
    this.#count = 0;
  }

  /**
   * Writes the tests of a scan that match the text to `found`, from `at` on, and returns the index
   * after the last.
   */
  answer(text: string, scan: number, found: number[], at: number): number {
    const number = this.#numberOf(text);
    let count = at;
    for (let each = number === 0 ? 0 : this.#ends[number - 1]!; each < this.#ends[number]!; each += 1) {
      const literal = this.#found[each]!;
      for (let asked = this.#starts[literal]!; asked < this.#starts[literal + 1]!; asked += 2)
        // Values of a long list share one test, and are adjacent.
        if (this.#asked[asked] === scan && (count === at || found[count - 1] !== this.#asked[asked + 1]))
          found[count++] = this.#asked[asked + 1]!;
    }
    return count;
  }

  /** Returns the index of the text in the cache; when it is full, the last place is reused. */
  #numberOf(text: string): number {
    const { length } = text;
    for (let number = 0; number < this.#count; number += 1) {
      const known = this.#texts[number]!;
      // Compare lengths first: that distinguishes most texts without a call.
      if (known.length === length && known === text) return number;
    }
    const number = Math.min(this.#count, maxTexts - 1);
    this.#count = number + 1;
    this.#texts[number] = text;
    this.#ends[number] = this.#automaton.scan(text, this.#found, number === 0 ? 0 : this.#ends[number - 1]!);
    return number;
  }
}
