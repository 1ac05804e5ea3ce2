import type { EventView } from './event-view.js';
import { LiteralAutomaton } from './literal-automaton.js';
import type { Literal } from './literal-automaton.js';
import { numberOf } from './values.js';

/** What a text can be asked without looking for anything between wildcards. */
export interface LiteralTest {
  text: string;
  /** The whole text, or the number that it is. */
  place: Literal['place'] | 'whole' | 'number';
}

export interface ScannedLiteral extends LiteralTest {
  /** Number of the question. */
  id: number;
}

/** Answers every question about literals of one field at once. */
export class TextScan {
  readonly #automaton: LiteralAutomaton;
  readonly #whole: ReadonlyMap<string, number>;
  readonly #longestWhole: number;
  readonly #numbers: ReadonlyMap<number, number>;

  constructor(
    private readonly field: number,
    private readonly isCased: boolean,
    literals: readonly ScannedLiteral[],
  ) {
    this.#automaton = new LiteralAutomaton(literals.filter(isPart));
    const whole = literals.filter(({ place }) => place === 'whole');
    this.#whole = new Map(whole.map(({ text, id }) => [text, id]));
    this.#longestWhole = whole.reduce((longest, { text }) => Math.max(longest, text.length), -1);
    this.#numbers = new Map(
      literals.filter(({ place }) => place === 'number').map(({ text, id }) => [Number(text), id]),
    );
  }

  /** Writes those that are answered with yes into `found` and returns how many; one may stand there more than once. */
  answer(view: EventView, found: number[]): number {
    let count = 0;
    for (const text of this.isCased ? view.raw(this.field) : view.lower(this.field)) {
      count = this.#automaton.scan(text, found, count);
      const whole = text.length <= this.#longestWhole ? this.#whole.get(text) : undefined;
      if (whole !== undefined) found[count++] = whole;
      const number = this.#numbers.size > 0 ? numberOf(text) : undefined;
      const equal = number === undefined ? undefined : this.#numbers.get(number);
      if (equal !== undefined) found[count++] = equal;
    }
    return count;
  }
}

function isPart(literal: ScannedLiteral): literal is ScannedLiteral & Literal {
  return literal.place !== 'whole' && literal.place !== 'number';
}
