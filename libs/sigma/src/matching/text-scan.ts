import type { EventView } from './event-view.js';
import type { Literal } from './literal-automaton.js';
import type { LiteralSearch } from './literal-search.js';
import type { LiteralTest } from './literal-test.js';
import { numberOf } from './values.js';

export interface ScannedLiteral extends LiteralTest {
  question: number;
}

/** Evaluates all literals of one field at once. */
export class TextScan {
  /** Tests that match, by the whole text, or by its number. */
  readonly #whole: ReadonlyMap<string, readonly number[]>;
  readonly #longestWhole: number;
  readonly #numbers: ReadonlyMap<number, readonly number[]>;

  /** @param search search for literals inside a text; it knows this scan by `number` */
  constructor(
    private readonly number: number,
    private readonly field: number,
    private readonly isCased: boolean,
    literals: readonly ScannedLiteral[],
    private readonly search: LiteralSearch,
  ) {
    this.#whole = questionsBy(literals, 'whole', ({ text }) => text);
    this.#longestWhole = [...this.#whole.keys()].reduce((longest, { length }) => Math.max(longest, length), -1);
    this.#numbers = questionsBy(literals, 'number', ({ text }) => Number(text));
  }

  /**
   * Writes the tests that match to `found` and returns their number; a test may occur more than
   * once.
   */
  answer(view: EventView, found: number[]): number {
    let count = 0;
    for (const text of this.isCased ? view.raw(this.field) : view.lower(this.field)) {
      count = this.search.answer(text, this.number, found, count);
      if (text.length <= this.#longestWhole) count = addAll(this.#whole.get(text), found, count);
      if (this.#numbers.size === 0) continue;
      const number = numberOf(text);
      if (number !== undefined) count = addAll(this.#numbers.get(number), found, count);
    }
    return count;
  }
}

function questionsBy<Key>(
  literals: readonly ScannedLiteral[],
  wanted: LiteralTest['place'],
  keyOf: (literal: ScannedLiteral) => Key,
): Map<Key, number[]> {
  const questions = new Map<Key, number[]>();
  for (const literal of literals) {
    if (literal.place !== wanted) continue;
    const known = questions.get(keyOf(literal));
    if (known) known.push(literal.question);
    else questions.set(keyOf(literal), [literal.question]);
  }
  return questions;
}

function addAll(questions: readonly number[] | undefined, found: number[], at: number): number {
  let count = at;
  for (const question of questions ?? none) found[count++] = question;
  return count;
}

const none: readonly number[] = [];

/** Whether a literal is searched for within a text. */
export function isPart(literal: ScannedLiteral): literal is ScannedLiteral & Omit<Literal, 'id'> {
  return literal.place !== 'whole' && literal.place !== 'number';
}
