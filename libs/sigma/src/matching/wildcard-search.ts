import { anyRun } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { LiteralAutomaton } from './literal-automaton.js';
import type { EndsWatcher } from './literal-automaton.js';

const none = -1;

/** Value such as `a*b*c`: start and end of the text, and the numbers of the pieces in between. */
interface Pattern {
  start: string;
  end: string;
  pieces: readonly number[];
  index: number;
}

/**
 * Finds any number of values with `*` in one pass over a text. Pieces are found from left to right,
 * each at its first match. Each value waits for one piece at a time: each step of each value is
 * done once, and at all other places where pieces end, one look-up shows that no value waits for
 * them.
 */
export class WildcardSearch implements EndsWatcher {
  /** Indexed by piece. */
  readonly idle: Uint8Array;
  readonly #patterns: readonly Pattern[];
  readonly #automaton: LiteralAutomaton;
  readonly #lengths: Int32Array;
  /** By piece the longest other one that is its suffix. */
  readonly #shorter: Int32Array;
  /**
   * By piece the first and last pattern that wait for it, in the order of the places from which
   * they wait.
   */
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  /**
   * By pattern the next one in its queue, the place from which it waits, and the number of its
   * pieces found.
   */
  readonly #next: Int32Array;
  readonly #from: Int32Array;
  readonly #step: Int32Array;
  /** By piece its longest suffix for which a pattern waits, as of the change in `asOf`. */
  readonly #waited: Int32Array;
  readonly #asOf: Float64Array;
  /** Number of times that a pattern began to wait for a piece with an empty queue. */
  #changes = 0;
  #waiting = 0;
  #textLength = 0;
  #found: Uint8Array = new Uint8Array();

  /**
   * @param values strings of texts and at least one {@link anyRun}, by the place to mark when they
   * match
   */
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

  /** Writes a 1 to `found` at the place of every value that matches the whole text. */
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

  /** Returns the piece, or its longest suffix, for which a pattern waits. */
  #waitedIn(piece: number): number {
    if (piece === none || this.#head[piece] !== none) return piece;
    if (this.#asOf[piece] !== this.#changes) {
      this.#asOf[piece] = this.#changes;
      this.#waited[piece] = this.#shorter[piece]!;
    }
    // Since then, queues have only become empty: one that is empty now stays so until the next
    // change.
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

  /** Invalidates `idle` and `waited`: a pattern began to wait for a piece with an empty queue. */
  #change(): void {
    this.#changes += 1;
    this.idle.fill(0);
  }

  /** Queues a pattern for its next piece, from a place on. */
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

/** Splits a value at its stars; only the first and last piece may be empty. */
export function piecesOf(value: SigmaString): string[] {
  const pieces = [''];
  for (const part of value) {
    if (part === anyRun) pieces.push('');
    else pieces[pieces.length - 1] += part.toString();
  }
  return pieces;
}

/** Returns the longest chain of pieces in which each is a suffix of the next. */
export function nestingOf(pieces: readonly string[]): number {
  const depths = new Map<string, number>();
  for (const piece of new Set(pieces.toSorted((a, b) => a.length - b.length))) {
    const inside = [...depths].filter(([other]) => piece.endsWith(other)).map(([, depth]) => depth);
    depths.set(piece, 1 + Math.max(0, ...inside));
  }
  return Math.max(0, ...depths.values());
}
