import { RE2Set } from 're2js';

import { CharacterClasses } from './character-classes.js';
import { RegexProgram } from './regex-program.js';
import type { Instruction, Step } from './regex-program.js';

/** Of states and classes: a megabyte, so that the table stays close to the processor. */
const maxNumbers = 262_144;
/** One bit each. */
const maxExpressions = 30;

/** The same expressions stand in several rules, and are read before they are put together. */
const known = new Map<string, RegexAutomaton | null>();
const maxKnown = 500;

/**
 * What finds some expressions with one step for each character, whatever both are: every state that they can be in.
 * @see https://swtch.com/~rsc/regexp/regexp3.html, "Cache states: DFA"
 */
export class RegexAutomaton {
  private constructor(
    readonly classes: CharacterClasses,
    /** State after state: where each class leads, and the end of the text. */
    readonly steps: readonly Step[],
    readonly expressions: number,
  ) {}

  /** @returns null when they are too many, or could be in the middle of too much at once, such as `a.{50}b` */
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
    const set = new RE2Set();
    for (const expression of expressions) set.add(expression);
    set.compile();
    // RE2JS would run the same automaton, and make its states as it goes: slower, and without a bound for a text that needs many.
    const program = new RegexProgram(set.prog.inst as readonly Instruction[], set.prog.start);
    const classes = new CharacterClasses(set.dfa.classBounds as Int32Array, (point) => program.kindOf(point));
    const all = 2 ** expressions.length - 1;
    const steps = program.allSteps(classes.examples, all, maxNumbers);
    return steps && new RegexAutomaton(classes, steps, expressions.length);
  }
}
