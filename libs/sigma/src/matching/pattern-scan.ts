import type { EventView } from './event-view.js';
import type { PatternGroup } from './pattern-groups.js';

/** Evaluates all patterns of a rule on one field at once. */
export class PatternScan {
  readonly #found: Uint8Array;

  /** @param questions tests by the place of the pattern in its group */
  constructor(
    private readonly field: number,
    private readonly group: PatternGroup,
    private readonly questions: readonly (number | undefined)[],
  ) {
    this.#found = new Uint8Array(group.places.size);
  }

  /** Writes the tests that match to `found` and returns their number. */
  answer(view: EventView, found: number[]): number {
    const { isCased, search } = this.group;
    this.#found.fill(0);
    for (const text of isCased ? view.raw(this.field) : view.lower(this.field)) search.find(text, this.#found);
    let count = 0;
    for (const [place, question] of this.questions.entries())
      if (this.#found[place] === 1 && question !== undefined) found[count++] = question;
    return count;
  }
}
