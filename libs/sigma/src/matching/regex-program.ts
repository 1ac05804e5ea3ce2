import { addAll, addTo, common, emptySet, hashOf, isEqual, membersOf, overlap } from './bit-set.js';
import type { BitSet } from './bit-set.js';
import { empty, op, type RegexInstruction } from './re2js-internals.js';

/** Conditions that the preceding character decides. */
const begins = empty.beginLine | empty.beginText;
const newline = 10;
/** Limit on the words of bit sets that are processed to build all states: a tenth of a second. */
const maxWork = 40_000_000;

/** Transition: the next state, and bits of the expressions found before it. */
export interface RegexTransition {
  state: number;
  found: number;
}

/**
 * All transitions of a DFA. An array of objects for each step would take twenty times the memory.
 */
export interface RegexTable {
  /** State after state, by input, the place in `transitions`. */
  steps: Uint16Array | Uint32Array;
  transitions: readonly RegexTransition[];
}

/** State of the DFA between two characters: a set of NFA instructions. */
interface State {
  instructions: BitSet;
  /**
   * Flags of {@link empty} that hold before the next character. Zero where no instruction tests
   * them, like `isBehindWord`, so that fewer states differ.
   */
  known: number;
  isBehindWord: boolean;
}

/** Converts RE2's NFA of a set of expressions to a DFA. */
export class RegexProgram {
  /**
   * Instructions at which the NFA waits: for a character, for a condition, or because an expression
   * was found.
   */
  readonly #stops: readonly number[];
  /** Place of each instruction in `#stops`. */
  readonly #places: ReadonlyMap<number, number>;
  readonly #matches: BitSet;
  readonly #conditions: BitSet;
  /** Reused result of `#take`, which is usually compared and dropped. */
  readonly #scratch: BitSet;
  /** Flags of {@link empty} that any instruction tests. */
  readonly #asked: number;
  #work = 0;
  /**
   * Epsilon closure, cached by flags and instruction: the stops that are reached without a
   * character.
   */
  readonly #reached = new Map<number, Map<number, BitSet>>();

  constructor(
    private readonly instructions: readonly RegexInstruction[],
    private readonly start: number,
  ) {
    this.#stops = [...instructions.keys()].filter((number) => isStop(instructions[number]!));
    this.#places = new Map(this.#stops.map((number, place) => [number, place]));
    this.#matches = this.#stopsThat((instruction) => instruction.op === op.match);
    this.#conditions = this.#stopsThat((instruction) => instruction.op === op.emptyWidth);
    this.#scratch = emptySet(this.#stops.length);
    this.#asked = [...membersOf(this.#conditions)].reduce((all, place) => all | this.#at(place).arg, 0);
  }

  /** Key of a code point: the same for all that the expressions do not distinguish. */
  kindOf(point: number): string {
    const takers = this.#stopsThat((each) => isRune(each) && each.matchRune(point));
    return `${takers.join()} ${this.#isWord(point)} ${this.#isNewline(point)}`;
  }

  /**
   * Builds all transitions, state after state, for each character and for the end of the text; null
   * when there are more than `most`.
   * @param points one character of each class
   * @param all bits of all expressions: when all are found, reading stops
   */
  table(points: readonly number[], all: number, most: number): RegexTable | null {
    const states = new Numbered<State>((a, b) => a.known === b.known && a.isBehindWord === b.isBehindWord);
    states.numberOf(this.#stateAt(this.#reach(this.start, begins), begins, false));
    const inputs = [...points, null].map((point) => this.#input(point));
    const steps: number[] = [];
    const transitions = new Transitions();
    for (let number = 0; number < states.all.length; number += 1) {
      if (states.all.length * inputs.length > most || this.#work > maxWork) return null;
      const from = states.all[number]!;
      // Most characters are consumed by the same instructions, if by any.
      const taken = new Numbered<Taken>((a, b) => a.found === b.found && isAlike(a.input, b.input));
      const known: number[] = [];
      for (const input of inputs) {
        const each = this.#take(from, input);
        const place = taken.numberOf(each);
        known[place] ??= transitions.numberOf(each.found === all ? 0 : states.numberOf(this.#after(each)), each.found);
        steps.push(known[place]);
      }
    }
    const numbers = transitions.all.length > 0xffff ? Uint32Array : Uint16Array;
    return { steps: numbers.from(steps), transitions: transitions.all };
  }

  #input(point: number | null): Input {
    return {
      takers: this.#stopsThat((each) => point !== null && isRune(each) && each.matchRune(point)),
      isWord: point !== null && this.#isWord(point),
      isNewline: point !== null && this.#isNewline(point),
      isEnd: point === null,
    };
  }

  /**
   * Returns the instructions of a state that consume the input, and the expressions found before
   * it.
   */
  #take(from: State, input: Input): Taken {
    const instructions = this.#withConditions(from, input);
    const taken = this.#scratch;
    this.#work += taken.length;
    let found = 0;
    if (common(instructions, this.#matches, taken))
      for (const place of membersOf(taken)) found |= 1 << this.#at(place).arg;
    common(instructions, input.takers, taken);
    return { instructions: taken, found, input };
  }

  /** Adds the instructions whose conditions hold once the next input is known. */
  #withConditions({ instructions, known, isBehindWord }: State, { isWord, isNewline, isEnd }: Input): BitSet {
    // In the middle of a line only word boundaries can be pending.
    if (!isEnd && !isNewline && !this.#asksWords) return instructions;
    if (!overlap(instructions, this.#conditions)) return instructions;
    const boundary = isWord === isBehindWord ? empty.noWordBoundary : empty.wordBoundary;
    const ends = (isNewline || isEnd ? empty.endLine : 0) | (isEnd ? empty.endText : 0);
    const all = Int32Array.from(instructions);
    for (const place of membersOf(instructions))
      if (this.#at(place).op === op.emptyWidth) addAll(all, this.#reach(this.#stops[place]!, known | boundary | ends));
    return all;
  }

  #after({ instructions, input: { isWord, isNewline, isEnd } }: Taken): State {
    const known = isNewline ? empty.beginLine : 0;
    // A new search begins at each character.
    const next = isEnd ? emptySet(this.#stops.length) : this.#reach(this.start, known).slice();
    const members = membersOf(instructions);
    for (const place of members) addAll(next, this.#reach(this.#at(place).out, known));
    this.#work += members.length * next.length;
    return this.#stateAt(next, known, isWord);
  }

  #stateAt(instructions: BitSet, known: number, isBehindWord: boolean): State {
    const asks = overlap(instructions, this.#conditions);
    return { instructions, known: asks ? known & this.#asked : 0, isBehindWord: asks && isBehindWord };
  }

  #reach(from: number, known: number): BitSet {
    let reached = this.#reached.get(known);
    if (!reached) this.#reached.set(known, (reached = new Map()));
    let stops = reached.get(from);
    if (!stops) reached.set(from, (stops = this.#reachNow(from, known)));
    return stops;
  }

  #reachNow(from: number, known: number): BitSet {
    const stops = emptySet(this.#stops.length);
    const seen = new Set([from]);
    for (const number of seen) {
      const instruction = this.instructions[number]!;
      const { op: kind, out, arg } = instruction;
      if (kind === op.alt || kind === op.altMatch) seen.add(out).add(arg);
      else if (kind === op.nop || kind === op.capture) seen.add(out);
      else if (kind !== op.emptyWidth) addAll(stops, this.#single(number));
      else if ((arg & ~known) === 0) seen.add(out);
      // Conditions on the preceding character that do not hold now cannot hold later.
      else if ((arg & begins & ~known) === 0) addAll(stops, this.#single(number));
    }
    return stops;
  }

  #single(number: number): BitSet {
    const set = emptySet(this.#stops.length);
    const place = this.#places.get(number);
    if (place !== undefined) addTo(set, place);
    return set;
  }

  #at(place: number): RegexInstruction {
    return this.instructions[this.#stops[place]!]!;
  }

  #stopsThat(are: (instruction: RegexInstruction) => boolean): BitSet {
    const set = emptySet(this.#stops.length);
    for (const [place, number] of this.#stops.entries()) if (are(this.instructions[number]!)) addTo(set, place);
    return set;
  }

  get #asksWords(): boolean {
    return (this.#asked & (empty.wordBoundary | empty.noWordBoundary)) !== 0;
  }

  /** Whether the point is a word character; false where no instruction tests word boundaries. */
  #isWord(point: number): boolean {
    return this.#asksWords && /^\w$/.test(String.fromCodePoint(point));
  }

  #isNewline(point: number): boolean {
    return (this.#asked & (empty.beginLine | empty.endLine)) !== 0 && point === newline;
  }
}

/** Next input: a character, or the end. */
interface Input {
  /** Instructions that consume it. */
  takers: BitSet;
  isWord: boolean;
  isNewline: boolean;
  isEnd: boolean;
}

/** Result of an input in a state. */
interface Taken {
  instructions: BitSet;
  found: number;
  input: Input;
}

/** Whether two inputs lead to the same state, given that the same instructions consume them. */
function isAlike(a: Input, b: Input): boolean {
  return a.isWord === b.isWord && a.isNewline === b.isNewline && a.isEnd === b.isEnd;
}

/** Numbers distinct items in the order of their first use. */
class Numbered<Each extends { instructions: BitSet }> {
  readonly all: Each[] = [];
  readonly #byHash = new Map<number, number[]>();

  constructor(private readonly isSame: (a: Each, b: Each) => boolean) {}

  numberOf(each: Each): number {
    const hash = hashOf(each.instructions);
    const alike = this.#byHash.get(hash) ?? [];
    for (const number of alike) {
      const other = this.all[number]!;
      if (isEqual(other.instructions, each.instructions) && this.isSame(other, each)) return number;
    }
    const number = this.all.push({ ...each, instructions: each.instructions.slice() }) - 1;
    alike.push(number);
    if (alike.length === 1) this.#byHash.set(hash, alike);
    return number;
  }
}

/** Numbers distinct transitions. */
class Transitions {
  readonly all: RegexTransition[] = [];
  readonly #numbers = new Map<number, number>();

  numberOf(state: number, found: number): number {
    const key = state * 2 ** 30 + found;
    let number = this.#numbers.get(key);
    if (number === undefined) this.#numbers.set(key, (number = this.all.push({ state, found }) - 1));
    return number;
  }
}

function isStop(instruction: RegexInstruction): boolean {
  return isRune(instruction) || instruction.op === op.match || instruction.op === op.emptyWidth;
}

function isRune(instruction: RegexInstruction): boolean {
  return instruction.op >= op.rune && instruction.op <= op.lastRune;
}
