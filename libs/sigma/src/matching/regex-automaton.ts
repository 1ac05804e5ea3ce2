import { CharacterClasses } from './character-classes.js';
import { nfaOf } from './re2js-internals.js';
import { RegexProgram } from './regex-program.js';
import type { RegexTransition } from './regex-program.js';

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
    /** Transitions, state after state: the step of each class, then that at the end of the text. */
    readonly steps: readonly RegexTransition[],
    readonly expressions: number,
  ) {}

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
    const steps = program.allSteps(classes.examples, all, maxNumbers);
    return steps && new RegexAutomaton(classes, steps, expressions.length);
  }
}
