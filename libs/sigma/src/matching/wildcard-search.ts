import { anyRun } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { LiteralAutomaton } from './literal-automaton.js';
import type { EndsWatcher } from './literal-automaton.js';

const none = -1;

/** A value such as `a*b*c`: how the text begins and ends, and what is between, by number. */
interface Pattern {
  start: string;
  end: string;
  pieces: readonly number[];
  index: number;
}

/**
 * Finds any number of values with `*` in one pass over a text. Pieces are found from left to right, each at the first place where it
 * fits. A value waits for one piece at a time: of the work, each step of each value is done once, and for the rest of the places
 * where pieces end it is seen at once that nothing waits for them.
 */
export class WildcardSearch implements EndsWatcher {
  /** By piece. */
  readonly idle: Uint8Array;
  readonly #patterns: readonly Pattern[];
  readonly #automaton: LiteralAutomaton;
  readonly #lengths: Int32Array;
  /** By piece: the longest other one that it ends with. */
  readonly #shorter: Int32Array;
  /** By piece: the first and last of the patterns that wait for it, in the order of the places from which they do. */
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  /** By pattern: the one that waits behind it, from where on it waits, and how many of its pieces have been found. */
  readonly #next: Int32Array;
  readonly #from: Int32Array;
  readonly #step: Int32Array;
  /** By piece: the longest that it ends with and that is waited for, as it was when `asOf` was written. */
  readonly #waited: Int32Array;
  readonly #asOf: Float64Array;
  /** How often somebody began to wait for a piece that nobody waited for. */
  #changes = 0;
  #waiting = 0;
  #textLength = 0;
  #found: Uint8Array = new Uint8Array();

  /** @param values of texts and at least one {@link anyRun}, and nothing else, by the place to mark when they are found */
  constructor(values: ReadonlyMap<number, SigmaString>) {
    const numbers = new Map<string, number>();
    const numberOf = (piece: string) => {
      const number = numbers.get(piece) ?? numbers.size;
      numbers.set(piece, number);
      return number;
    };
    this.#patterns = [...values]
      .map(([index, value]): Pattern => {
        const pieces = piecesOf(value);
        return { start: pieces.at(0)!, end: pieces.at(-1)!, pieces: pieces.slice(1, -1).map(numberOf), index };
      })
      .sort((a, b) => a.start.length - b.start.length);
    const pieces = [...numbers.keys()];
    this.#automaton = new LiteralAutomaton(pieces.map((text, id) => ({ text, place: 'anywhere', id })));
    this.idle = new Uint8Array(pieces.length);
    this.#lengths = Int32Array.from(pieces, ({ length }) => length);
    this.#shorter = Int32Array.from(pieces, (_, piece) => this.#automaton.shorterOf(piece));
    [this.#head, this.#tail, this.#waited] = [0, 1, 2].map(() => new Int32Array(pieces.length)) as Triple;
    this.#asOf = new Float64Array(pieces.length);
    [this.#next, this.#from, this.#step] = [0, 1, 2].map(() => new Int32Array(values.size)) as Triple;
  }

  /** Writes a 1 into `found` at the place of every value that the whole text is. */
  find(text: string, found: Uint8Array): void {
    this.#found = found;
    this.#textLength = text.length;
    this.#head.fill(none);
    this.#waiting = 0;
    this.#change();
    for (let number = 0; number < this.#patterns.length; number += 1) {
      const { start, end, pieces, index } = this.#patterns[number]!;
      if (text.length < start.length + end.length || !text.startsWith(start) || !text.endsWith(end)) continue;
      if (pieces.length === 0) found[index] = 1;
      else {
        this.#step[number] = 0;
        this.#wait(number, start.length);
        this.#waiting += 1;
      }
    }
    if (this.#waiting > 0) this.#automaton.walk(text, this);
  }

  endAt(piece: number, length: number): boolean {
    for (let each = this.#waitedIn(piece); each !== none; each = this.#waitedIn(this.#shorter[each]!))
      this.#advance(each, length);
    if (this.#waitedIn(piece) === none) this.idle[piece] = 1;
    return this.#waiting > 0;
  }

  /** The piece, or the longest that it ends with, for which somebody waits. */
  #waitedIn(piece: number): number {
    if (piece === none || this.#head[piece] !== none) return piece;
    if (this.#asOf[piece] !== this.#changes) {
      this.#asOf[piece] = this.#changes;
      this.#waited[piece] = this.#shorter[piece]!;
    }
    // Since then, waiting has only ended: what is not waited for now is not until the next change.
    return (this.#waited[piece] = this.#waitedIn(this.#waited[piece]!));
  }

  #advance(piece: number, length: number): void {
    const start = length - this.#lengths[piece]!;
    for (
      let number = this.#head[piece]!;
      number !== none && this.#from[number]! <= start;
      number = this.#head[piece]!
    ) {
      this.#head[piece] = this.#next[number]!;
      this.#step[number]! += 1;
      const { pieces, end, index } = this.#patterns[number]!;
      const isLast = this.#step[number] === pieces.length;
      if (isLast && length <= this.#textLength - end.length) this.#found[index] = 1;
      if (isLast) this.#waiting -= 1;
      else this.#wait(number, length);
    }
  }

  /** What was not waited for may be from now on. */
  #change(): void {
    this.#changes += 1;
    this.idle.fill(0);
  }

  /** For the next piece of a pattern, from a place on. */
  #wait(number: number, from: number): void {
    const piece = this.#patterns[number]!.pieces[this.#step[number]!]!;
    this.#from[number] = from;
    this.#next[number] = none;
    if (this.#head[piece] === none) {
      this.#head[piece] = number;
      this.#change();
    } else this.#next[this.#tail[piece]!] = number;
    this.#tail[piece] = number;
  }
}

type Triple = [Int32Array, Int32Array, Int32Array];

/** What is between the stars, nothing only at the start and at the end. */
export function piecesOf(value: SigmaString): string[] {
  const pieces = [''];
  for (const part of value) {
    if (part === anyRun) pieces.push('');
    else pieces[pieces.length - 1] += part.toString();
  }
  return pieces;
}

/** How many pieces there may be one within the end of the other. */
export function nestingOf(pieces: readonly string[]): number {
  const depths = new Map<string, number>();
  for (const piece of new Set(pieces.toSorted((a, b) => a.length - b.length))) {
    const inside = [...depths].filter(([other]) => piece.endsWith(other)).map(([, depth]) => depth);
    depths.set(piece, 1 + Math.max(0, ...inside));
  }
  return Math.max(0, ...depths.values());
}
