import type { EventView } from './event-view.js';
import { LiteralAutomaton } from './literal-automaton.js';
import type { Literal } from './literal-automaton.js';
import { numberOf } from './values.js';

/** What a text can be asked without looking for anything between wildcards. */
export interface LiteralQuestion {
  id: number;
  text: string;
  place: Literal['place'] | 'whole';
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
    questions: readonly LiteralQuestion[],
    numbers: ReadonlyMap<number, number>,
  ) {
    const isWhole = ({ place }: LiteralQuestion) => place === 'whole';
    this.#whole = new Map(questions.filter(isWhole).map(({ text, id }) => [text, id]));
    this.#longestWhole = Math.max(-1, ...questions.filter(isWhole).map(({ text }) => text.length));
    this.#automaton = new LiteralAutomaton(questions.filter((each) => !isWhole(each)) as Literal[]);
    this.#numbers = numbers;
  }

  /** Writes the ids of the questions that are answered with yes into `found` and returns how many; one may stand there more than once. */
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
