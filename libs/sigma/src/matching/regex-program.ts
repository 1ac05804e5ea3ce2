import { addAll, addTo, common, emptySet, hashOf, isEqual, membersOf, overlap } from './bit-set.js';
import type { BitSet } from './bit-set.js';

/** RE2's instructions. */
const op = { alt: 1, altMatch: 2, capture: 3, emptyWidth: 4, match: 6, nop: 7, rune: 8, lastRune: 11 };
/** What an instruction without width asks for. */
const empty = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, wordBoundary: 16, noWordBoundary: 32 };
/** What is decided by what came before. */
const begins = empty.beginLine | empty.beginText;
const newline = 10;
/** How many words of sets may be looked at to make all states: a tenth of a second. */
const maxWork = 40_000_000;

/** An instruction of RE2JS, as far as it is looked at here. */
export interface Instruction {
  op: number;
  out: number;
  arg: number;
  matchRune(rune: number): boolean;
}

/** Where a character leads from a state, and bits of the expressions that are found on the way. */
export interface Step {
  state: number;
  found: number;
}

/** What expressions are in the middle of, between two characters. */
interface State {
  instructions: BitSet;
  /** Of {@link empty}: what is so before the next character. Forgotten, as the other one is, where nothing asks for it. */
  known: number;
  isBehindWord: boolean;
}

/** What RE2 makes of expressions: an automaton with many ways to go at once, from which this makes one with a single way. */
export class RegexProgram {
  /** Instructions that something waits at: for a character, for something to be so, or because an expression has been found. */
  readonly #stops: readonly number[];
  /** By instruction: its place among them. */
  readonly #places: ReadonlyMap<number, number>;
  readonly #matches: BitSet;
  readonly #conditions: BitSet;
  /** For what is taken, which is looked at and then forgotten more often than not. */
  readonly #scratch: BitSet;
  /** Of {@link empty}: what any instruction asks for. */
  readonly #asked: number;
  #work = 0;
  /** By what is known, and by instruction: the stops that are reached without a character. */
  readonly #reached = new Map<number, Map<number, BitSet>>();

  constructor(
    private readonly instructions: readonly Instruction[],
    private readonly start: number,
  ) {
    this.#stops = [...instructions.keys()].filter((number) => isStop(instructions[number]!));
    this.#places = new Map(this.#stops.map((number, place) => [number, place]));
    this.#matches = this.#stopsThat((instruction) => instruction.op === op.match);
    this.#conditions = this.#stopsThat((instruction) => instruction.op === op.emptyWidth);
    this.#scratch = emptySet(this.#stops.length);
    this.#asked = [...membersOf(this.#conditions)].reduce((all, place) => all | this.#at(place).arg, 0);
  }

  /** The same for all points that the expressions do not tell apart. */
  kindOf(point: number): string {
    const takers = this.#stopsThat((each) => isRune(each) && each.matchRune(point));
    return `${takers.join()} ${this.#isWord(point)} ${this.#isNewline(point)}`;
  }

  /**
   * Every step, state after state, for each character and for the end of the text; null when there are more.
   * @param points characters of which one of each kind is enough
   * @param all bits of all expressions: behind what has found them, nothing is read
   */
  allSteps(points: readonly number[], all: number, most: number): Step[] | null {
    const states = new Numbered<State>((a, b) => a.known === b.known && a.isBehindWord === b.isBehindWord);
    states.numberOf(this.#stateAt(this.#reach(this.start, begins), begins, false));
    const inputs = [...points, null].map((point) => this.#input(point));
    const steps: Step[] = [];
    for (let number = 0; number < states.all.length; number += 1) {
      if (states.all.length * inputs.length > most || this.#work > maxWork) return null;
      const from = states.all[number]!;
      // Most characters are taken by the same instructions, if by any.
      const taken = new Numbered<Taken>((a, b) => a.found === b.found && isAlike(a.input, b.input));
      const known: Step[] = [];
      for (const input of inputs) {
        const each = this.#take(from, input);
        const place = taken.numberOf(each);
        known[place] ??= { found: each.found, state: each.found === all ? 0 : states.numberOf(this.#after(each)) };
        steps.push(known[place]);
      }
    }
    return steps;
  }

  #input(point: number | null): Input {
    return {
      takers: this.#stopsThat((each) => point !== null && isRune(each) && each.matchRune(point)),
      isWord: point !== null && this.#isWord(point),
      isNewline: point !== null && this.#isNewline(point),
      isEnd: point === null,
    };
  }

  /** Which instructions of a state take what comes, and what has been found before it. */
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

  /** With what is reached when it is known what comes. */
  #withConditions({ instructions, known, isBehindWord }: State, { isWord, isNewline, isEnd }: Input): BitSet {
    // All that is waited for in the middle of a line is the border of a word.
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
    // A new search begins with each character.
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
      // What should have come before and has not will not come.
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

  #at(place: number): Instruction {
    return this.instructions[this.#stops[place]!]!;
  }

  #stopsThat(are: (instruction: Instruction) => boolean): BitSet {
    const set = emptySet(this.#stops.length);
    for (const [place, number] of this.#stops.entries()) if (are(this.instructions[number]!)) addTo(set, place);
    return set;
  }

  get #asksWords(): boolean {
    return (this.#asked & (empty.wordBoundary | empty.noWordBoundary)) !== 0;
  }

  /** False where no instruction asks. */
  #isWord(point: number): boolean {
    return this.#asksWords && /^\w$/.test(String.fromCodePoint(point));
  }

  #isNewline(point: number): boolean {
    return (this.#asked & (empty.beginLine | empty.endLine)) !== 0 && point === newline;
  }
}

/** What comes next: a character, or the end. */
interface Input {
  /** The instructions that take it. */
  takers: BitSet;
  isWord: boolean;
  isNewline: boolean;
  isEnd: boolean;
}

/** What a state does with what comes. */
interface Taken {
  instructions: BitSet;
  found: number;
  input: Input;
}

/** Whether what they lead to is the same, if they are taken by the same instructions. */
function isAlike(a: Input, b: Input): boolean {
  return a.isWord === b.isWord && a.isNewline === b.isNewline && a.isEnd === b.isEnd;
}

/** Numbers what has other instructions, or differs otherwise, in the order in which it is first seen. */
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

function isStop(instruction: Instruction): boolean {
  return isRune(instruction) || instruction.op === op.match || instruction.op === op.emptyWidth;
}

function isRune(instruction: Instruction): boolean {
  return instruction.op >= op.rune && instruction.op <= op.lastRune;
}
