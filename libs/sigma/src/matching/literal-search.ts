import { LiteralAutomaton } from './literal-automaton.js';
import type { Literal } from './literal-automaton.js';

/** A question that has the answer yes where a field has a literal. */
export interface SearchedLiteral extends Omit<Literal, 'id'> {
  /** Number of the scan that asks, which is about one field. */
  scan: number;
  question: number;
}

/** So many texts of an event are remembered: fields of one have more, and they are not the same ones. */
const maxTexts = 16;

/**
 * Finds the literals of all fields in each text of an event once, whichever and however many fields have it: that of a command line is
 * one of `CommandLine`, of `Process.CommandLine` and of the keywords.
 */
export class LiteralSearch {
  readonly #automaton: LiteralAutomaton;
  /** By literal: where its scans and questions begin in `asked`, pair after pair. */
  readonly #starts: Int32Array;
  readonly #asked: Int32Array;
  readonly #texts: string[] = [];
  /** By text: where the literals found in it end in `found`; those of the next one begin there. */
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

  /** Forgets the texts of the last event. */
  begin(): void {
    this.#count = 0;
  }

  /** Writes the questions of a scan that the text answers with yes into `found`, from `at` on, and returns the place behind the last. */
  answer(text: string, scan: number, found: number[], at: number): number {
    const number = this.#numberOf(text);
    let count = at;
    for (let each = number === 0 ? 0 : this.#ends[number - 1]!; each < this.#ends[number]!; each += 1) {
      const literal = this.#found[each]!;
      for (let asked = this.#starts[literal]!; asked < this.#starts[literal + 1]!; asked += 2)
        // Values of a long list ask the same question, one after the other.
        if (this.#asked[asked] === scan && (count === at || found[count - 1] !== this.#asked[asked + 1]))
          found[count++] = this.#asked[asked + 1]!;
    }
    return count;
  }

  /** Where the text is among those that have been looked at; the last place is given to one after the other. */
  #numberOf(text: string): number {
    const { length } = text;
    for (let number = 0; number < this.#count; number += 1) {
      const known = this.#texts[number]!;
      // Most are told apart by their length, which takes no call.
      if (known.length === length && known === text) return number;
    }
    const number = Math.min(this.#count, maxTexts - 1);
    this.#count = number + 1;
    this.#texts[number] = text;
    this.#ends[number] = this.#automaton.scan(text, this.#found, number === 0 ? 0 : this.#ends[number - 1]!);
    return number;
  }
}
