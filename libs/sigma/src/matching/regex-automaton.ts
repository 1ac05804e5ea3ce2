import { RE2Set } from 're2js';

import { CharacterClasses } from './character-classes.js';
import { TextUnits } from './text-units.js';

/** Together in one table: small enough to stay close to the processor, and to be numbered in 16 bits. */
const maxNumbers = 30_000;
/** One bit each. */
const maxExpressions = 30;

/** RE2's instructions. */
const op = { alt: 1, altMatch: 2, capture: 3, emptyWidth: 4, match: 6, nop: 7, rune: 8, lastRune: 11 };
/** What must be so between two characters. */
const empty = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, wordBoundary: 16, noWordBoundary: 32 };
const newline = 10;

/** An instruction of RE2JS, as far as it is looked at here. */
interface Instruction {
  op: number;
  out: number;
  arg: number;
  runes: Int32Array;
  matchRune(rune: number): boolean;
}

/** What expressions may be in the middle of, between two characters. */
interface State {
  instructions: readonly number[];
  /** Of {@link empty}: what is known to be so before the next character. */
  known: number;
  isBehindWord: boolean;
  /** Bits of the expressions that have been found just now. */
  found: number;
}

const text = new TextUnits();

/** The same expressions stand in several rules, and are read before they are put together. */
const known = new Map<string, RegexAutomaton | null>();
const maxKnown = 500;

/**
 * Looks for many expressions in one pass over a text, by a table with every state: one step for each character, whatever both are.
 * @see https://swtch.com/~rsc/regexp/regexp3.html, "Cache states: DFA"
 */
export class RegexAutomaton {
  readonly #classes: CharacterClasses;
  /** By state and class: the row of the next state, or `~output` where something is found on the way. */
  readonly #next: Int16Array;
  readonly #found: Int32Array;
  readonly #rows: Int16Array;
  readonly #all: number;

  private constructor(classes: CharacterClasses, states: readonly State[], steps: readonly number[], count: number) {
    this.#classes = classes;
    const stride = classes.count + 1;
    const reporting = states.flatMap(({ found }, state) => (found === 0 ? [] : [state]));
    this.#found = Int32Array.from(reporting, (state) => states[state]!.found);
    this.#rows = Int16Array.from(reporting, (state) => state * stride);
    const outputs = new Map(reporting.map((state, output) => [state, output]));
    const entries = states.map((_, state) => (outputs.has(state) ? ~outputs.get(state)! : state * stride));
    this.#next = Int16Array.from(steps, (state) => entries[state]!);
    this.#all = 2 ** count - 1;
  }

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
    const program = new Program(set.prog.inst as readonly Instruction[], set.prog.start);
    const classes = new CharacterClasses(set.dfa.classBounds as Int32Array, (point) => program.kindOf(point));
    const built = program.allStates(classes, maxNumbers);
    return built && new RegexAutomaton(classes, built.states, built.steps, expressions.length);
  }

  /** Bits of the expressions that are found anywhere in the text. */
  find(value: string): number {
    const length = text.load(value);
    const { units } = text;
    const next = this.#next;
    const { latin } = this.#classes;
    let found = 0;
    let row = 0;
    for (let index = 0; index < length; index += 1) {
      const unit = units[index]!;
      let number: number;
      if (unit < latin.length) number = latin[unit]!;
      else {
        const point = pointAt(units, index, length);
        if (point > 0xffff) index += 1;
        number = this.#classes.of(point);
      }
      row = next[row + number]!;
      if (row >= 0) continue;
      found |= this.#found[~row]!;
      if (found === this.#all) return found;
      row = this.#rows[~row]!;
    }
    row = next[row + this.#classes.count]!;
    return row < 0 ? found | this.#found[~row]! : found;
  }
}

function pointAt(units: Uint16Array, index: number, length: number): number {
  const unit = units[index]!;
  const follows = index + 1 < length ? units[index + 1]! : 0;
  const isPair = unit >> 10 === 0xd800 >> 10 && follows >> 10 === 0xdc00 >> 10;
  return isPair ? 0x1_0000 + ((unit & 0x3ff) << 10) + (follows & 0x3ff) : unit;
}

/** What RE2 has made of the expressions, an automaton with many ways to go, and how it becomes one with a single way. */
class Program {
  constructor(
    private readonly instructions: readonly Instruction[],
    private readonly start: number,
  ) {}

  /** The same for all points that the expressions do not tell apart. */
  kindOf(point: number): string {
    const taken = this.instructions.map((each) => (isRune(each) && each.matchRune(point) ? '1' : '0')).join('');
    return `${taken} ${isWordCharacter(point)} ${point === newline}`;
  }

  /** Every state, the first one first, with the next state of each for every class and for the end; null when there are more. */
  allStates(classes: CharacterClasses, most: number): { states: State[]; steps: number[] } | null {
    const states: State[] = [];
    const numbers = new Map<string, number>();
    const numberOf = (state: State) => {
      const key = `${state.instructions.join()} ${state.known} ${state.isBehindWord} ${state.found}`;
      const known = numbers.get(key) ?? states.push(state) - 1;
      numbers.set(key, known);
      return known;
    };
    numberOf(this.#state([this.start], empty.beginText | empty.beginLine, false, 0));
    const steps: number[] = [];
    for (let state = 0; state < states.length; state += 1) {
      if (states.length * (classes.count + 1) > most) return null;
      for (const point of classes.examples) steps.push(numberOf(this.#step(states[state]!, point)));
      steps.push(numberOf(this.#step(states[state]!, null)));
    }
    return { states, steps };
  }

  /** @param point the next character; null for the end of the text */
  #step(from: State, point: number | null): State {
    const isWord = point !== null && isWordCharacter(point);
    const boundary = isWord === from.isBehindWord ? empty.noWordBoundary : empty.wordBoundary;
    const lineEnd = point === newline || point === null ? empty.endLine : 0;
    const known = from.known | boundary | lineEnd | (point === null ? empty.endText : 0);
    let found = 0;
    const next = point === null ? [] : [this.start];
    for (const number of this.#closed(from.instructions, known).instructions) {
      const instruction = this.instructions[number]!;
      if (instruction.op === op.match) found |= 1 << instruction.arg;
      else if (point !== null && isRune(instruction) && instruction.matchRune(point)) next.push(instruction.out);
    }
    return this.#state(next, point === newline ? empty.beginLine : 0, isWord, found);
  }

  /** What came before is forgotten where nothing asks for it. */
  #state(from: readonly number[], known: number, isBehindWord: boolean, found: number): State {
    const { instructions, asks } = this.#closed(from, known);
    return asks ? { instructions, known, isBehindWord, found } : { instructions, known: 0, isBehindWord: false, found };
  }

  /** With all that can be reached without a character, where so much is known; and whether more is asked. */
  #closed(from: readonly number[], known: number): { instructions: number[]; asks: boolean } {
    const seen = new Set(from);
    let asks = false;
    for (const number of seen) {
      const instruction = this.instructions[number]!;
      if (instruction.op === op.emptyWidth) asks = true;
      if (instruction.op === op.alt || instruction.op === op.altMatch) seen.add(instruction.out).add(instruction.arg);
      else if (instruction.op === op.nop || instruction.op === op.capture) seen.add(instruction.out);
      else if (instruction.op === op.emptyWidth && (instruction.arg & ~known) === 0) seen.add(instruction.out);
    }
    const kept = [...seen].filter((number) => {
      const instruction = this.instructions[number]!;
      return isRune(instruction) || instruction.op === op.match || instruction.op === op.emptyWidth;
    });
    return { instructions: kept.sort((a, b) => a - b), asks };
  }
}

function isRune(instruction: Instruction): boolean {
  return instruction.op >= op.rune && instruction.op <= op.lastRune;
}

function isWordCharacter(point: number): boolean {
  return /^\w$/.test(String.fromCodePoint(point));
}
