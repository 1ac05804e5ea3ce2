import { CharacterClasses } from './character-classes.js';
import { nfaOf } from './re2js-internals.js';
import { RegexProgram } from './regex-program.js';
import type { RegexTable, RegexTransition } from './regex-program.js';

/** Limit on states times classes: a megabyte, so that the table fits the processor's cache. */
const maxNumbers = 262_144;
/** Limit on expressions: one bit each. */
const maxExpressions = 30;

/** Cache: rules share expressions, and each is compiled alone before several are combined. */
const known = new Map<string, RegexAutomaton | null>();
const maxKnown = 500;

/**
 * DFA that finds a set of expressions with one step for each character, whatever expressions and
 * text are: all its states are built in advance.
 * @see https://swtch.com/~rsc/regexp/regexp3.html, "Cache states: DFA"
 */
export class RegexAutomaton {
  private constructor(
    readonly classes: CharacterClasses,
    private readonly table: RegexTable,
    readonly expressions: number,
  ) {}

  /** Number of transitions. */
  get size(): number {
    return this.table.steps.length;
  }

  get states(): number {
    return this.size / (this.classes.count + 1);
  }

  /**
   * Transition from a state by the number of a class, or by `classes.count` at the end of the text.
   */
  step(state: number, input: number): RegexTransition {
    const { steps, transitions } = this.table;
    return transitions[steps[state * (this.classes.count + 1) + input]!]!;
  }

  /** @returns null when there are too many expressions, or too many states, as for `a.{50}b` */
  static of(expressions: readonly string[]): RegexAutomaton | null {
    const key = expressions.join('\n\n');
    let automaton = known.get(key);
    if (automaton !== undefined) return automaton;
    if (known.size >= maxKnown) known.clear();
    known.set(key, (automaton = RegexAutomaton.#make(expressions)));
    return automaton;
  }

  static #make(expressions: readonly string[]): RegexAutomaton | null {
    if (expressions.length > maxExpressions) return null;
    // RE2JS itself would build the states of the same automaton lazily: slower, and without a limit
    // for a text that needs many.
    const { instructions, start, classBounds } = nfaOf(expressions);
    const program = new RegexProgram(instructions, start);
    const classes = new CharacterClasses(classBounds, (point) => program.kindOf(point));
    const all = 2 ** expressions.length - 1;
    const table = program.table(classes.examples, all, maxNumbers);
    return table && new RegexAutomaton(classes, table, expressions.length);
  }
}
