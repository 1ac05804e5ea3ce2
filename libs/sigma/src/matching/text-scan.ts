import type { EventView } from './event-view.js';
import { GramFilter, gramOf } from './gram-filter.js';
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

/** Answers many questions at once. */
export interface TextScan {
  /** Writes those that are answered with yes into `found` and returns how many; one may stand there more than once. */
  answer(view: EventView, found: number[]): number;
}

/** Every question about literals of one field. */
export class FieldScan implements TextScan {
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

/** Keywords: literals in any scalar of the event. */
export class KeywordScan implements TextScan {
  readonly #automaton: LiteralAutomaton;
  readonly #filter: GramFilter | undefined;
  /** Whether a number or a switch can hold one. */
  readonly #looksAtAll: boolean;

  constructor(
    private readonly isCased: boolean,
    literals: readonly ScannedLiteral[],
  ) {
    const texts = literals.map(({ text }) => text.toLowerCase());
    this.#automaton = new LiteralAutomaton(literals.filter(isPart));
    this.#filter = texts.every((text) => gramOf(text) !== undefined) ? new GramFilter(texts) : undefined;
    this.#looksAtAll = texts.some((text) => /^(?:[-+.\de]+|t?r?u?e?|f?a?l?s?e?)$/.test(text));
  }

  answer(view: EventView, found: number[]): number {
    let count = 0;
    for (const scalar of view.scalars()) {
      if (typeof scalar !== 'string' && !this.#looksAtAll) continue;
      const text = typeof scalar === 'string' ? scalar : String(scalar);
      if (this.#filter && !this.#filter.mightHold(text)) continue;
      count = this.#automaton.scan(this.isCased ? text : text.toLowerCase(), found, count);
    }
    return count;
  }
}

function isPart(literal: ScannedLiteral): literal is ScannedLiteral & Literal {
  return literal.place !== 'whole' && literal.place !== 'number';
}
