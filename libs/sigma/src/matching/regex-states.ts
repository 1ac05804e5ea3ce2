/** Characters from the first to the last, in order. */
type Range = readonly [first: number, last: number];

/** What an expression is made of. Borders of words are left out: without them there are rather more states. */
type Tree =
  | { kind: 'start' | 'end' }
  | { kind: 'chars'; ranges: readonly Range[] }
  | { kind: 'all' | 'any'; parts: readonly Tree[] }
  | { kind: 'repeat'; part: Tree; min: number; max: number };

const lastCode = 0x10ffff;
const everything: readonly Range[] = [[0, lastCode]];
const digits: readonly Range[] = [[48, 57]];
const wordChars: readonly Range[] = [...digits, [65, 90], [95, 95], [97, 122]];
const spaces: readonly Range[] = [
  [9, 13],
  [32, 32],
];
/** For what a whole table of Unicode says, roughly. */
const letters: readonly Range[] = [...wordChars, [128, lastCode]];
const classes: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  w: wordChars,
  s: spaces,
  D: inverted(digits),
  W: inverted(wordChars),
  S: inverted(spaces),
  p: letters,
  P: letters,
};

const maxNodes = 20_000;
/** Characters of all states and steps together: what counting may take. */
const maxSteps = 500_000;
/** Shorter counts do not multiply what an automaton has to remember by much. */
const longCount = 8;

/**
 * Whether an automaton that looks for an expression in one pass needs more than so many states, as for `a.{50}b`: where an `a` was
 * among the last 50 characters is a state each. Such an expression can be made to run without the automaton, a thousand times as
 * long. What is too large to be counted is taken for harmless: it has many words rather than long counts.
 */
export function hasMoreStates(expression: string, limit: number): boolean {
  const counts = [...expression.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, least, most]) =>
    Math.max(Number(least), Number(most ?? 0)),
  );
  if (!counts.some((count) => count >= longCount)) return false;
  const machine = new Machine(new Parser(expression).read());
  return machine.nodes.length > maxNodes || machine.countStates(limit) > limit;
}

const token =
  /\\[pP](?:\{[^}]*\}|.)|\\x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|\\u[0-9A-Fa-f]{4}|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?[^:)]*[:)]|[()|]|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/gsu;

/** Takes an expression that RE2 has taken. */
class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(expression: string) {
    this.#tokens = expression.match(token) ?? [];
  }

  read(): Tree {
    const parts: Tree[] = [];
    const alternatives: Tree[] = [];
    for (let piece = this.#next(); piece !== undefined && piece !== ')'; piece = this.#next()) {
      if (piece === '|') alternatives.push({ kind: 'all', parts: parts.splice(0) });
      else if (/^(?:[*+?]\??|\{\d+(?:,\d*)?\}\??)$/.test(piece)) parts.push(repeated(parts.pop(), piece));
      else parts.push(this.#single(piece));
    }
    const last: Tree = { kind: 'all', parts };
    return alternatives.length === 0 ? last : { kind: 'any', parts: [...alternatives, last] };
  }

  #next(): string | undefined {
    return this.#tokens[this.#at++];
  }

  #single(piece: string): Tree {
    if (piece === '(' || /^\(\?.*[:>]$/s.test(piece)) return this.read();
    if (piece === '^' || piece === '\\A') return { kind: 'start' };
    if (piece === '$' || piece === '\\z') return { kind: 'end' };
    // Flags, and what has no width.
    if (/^(?:\(\?.*\)|\\[bBQE])$/s.test(piece)) return { kind: 'all', parts: [] };
    return { kind: 'chars', ranges: piece === '.' ? everything : withBothCases(rangesOf(piece)) };
  }
}

function repeated(part: Tree | undefined, piece: string): Tree {
  const [, min = '0', comma, max] = /^\{(\d+)(,?)(\d*)\}/.exec(piece) ?? [];
  const counts: Readonly<Record<string, [number, number]>> = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] };
  const [least, most] = counts[piece[0]!] ?? [Number(min), comma ? (max ? Number(max) : Infinity) : Number(min)];
  return { kind: 'repeat', part: part ?? { kind: 'all', parts: [] }, min: least, max: most };
}

function rangesOf(piece: string): readonly Range[] {
  if (piece.startsWith('[')) return classOf(piece.slice(1, -1));
  return (piece.startsWith('\\') ? classes[piece[1]!] : undefined) ?? single(codeOf(piece));
}

const member =
  /\[:(\^?)\w+:\]|\\[pP](?:\{[^}]*\}|.)|\\x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|\\u[0-9A-Fa-f]{4}|\\.|[^]/gsu;

function classOf(text: string): readonly Range[] {
  const isInverted = text.startsWith('^');
  const members = text.slice(isInverted ? 1 : 0).match(member) ?? [];
  const ranges: Range[] = [];
  for (let index = 0; index < members.length; index += 1) {
    const [first = '', dash, last] = members.slice(index);
    if (first.startsWith('[:')) ranges.push(...letters);
    else if (dash === '-' && last !== undefined && codeOf(first) <= codeOf(last)) {
      ranges.push([codeOf(first), codeOf(last)]);
      index += 2;
    } else ranges.push(...((first.startsWith('\\') ? classes[first[1]!] : undefined) ?? single(codeOf(first))));
  }
  return isInverted ? inverted(ranges) : ranges;
}

function single(code: number): readonly Range[] {
  return [[code, code]];
}

function codeOf(piece: string): number {
  const [, hex] = /^\\[xu]\{?([0-9A-Fa-f]+)\}?$/.exec(piece) ?? [];
  if (hex !== undefined) return Number.parseInt(hex, 16);
  const controls: Readonly<Record<string, number>> = { '\\n': 10, '\\t': 9, '\\r': 13, '\\f': 12, '\\v': 11, '\\a': 7 };
  return controls[piece] ?? piece.replace(/^\\/, '').codePointAt(0) ?? 0;
}

/** Whether case counts is not looked at: with both, there are rather more states. */
function withBothCases(ranges: readonly Range[]): readonly Range[] {
  return ranges.flatMap(([first, last]): Range[] => {
    const isLetter = first === last && /[A-Za-z]/.test(String.fromCodePoint(first));
    return isLetter
      ? [
          [first & ~32, first & ~32],
          [first | 32, first | 32],
        ]
      : [[first, last]];
  });
}

function inverted(ranges: readonly Range[]): readonly Range[] {
  const result: Range[] = [];
  let start = 0;
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    if (first > start) result.push([start, first - 1]);
    start = Math.max(start, last + 1);
  }
  return start <= lastCode ? [...result, [start, lastCode]] : result;
}

/** Reads one character, or none where `ranges` is null. */
interface Node {
  ranges: readonly Range[] | null;
  /** Whether it can be passed at the start of the text alone. */
  isAtStart: boolean;
  next: number[];
}

/** A non-deterministic automaton, after Thompson. */
class Machine {
  readonly nodes: Node[] = [];
  readonly #start: number;

  constructor(tree: Tree) {
    this.#start = this.#add(null, []);
    this.#build(tree, this.#start);
  }

  /** Adds what reads the tree from a node on, and returns the node where it ends. */
  #build(tree: Tree, from: number): number {
    if (this.nodes.length > maxNodes) return from;
    switch (tree.kind) {
      case 'start': {
        const start = this.#after(from);
        this.nodes[start]!.isAtStart = true;
        return this.#after(start);
      }
      // Behind the end nothing is read.
      case 'end':
        return this.#add(null, []);
      case 'chars': {
        const end = this.#add(null, []);
        this.nodes[from]!.next.push(this.#add(tree.ranges, [end]));
        return end;
      }
      case 'all':
        return tree.parts.reduce((end, part) => this.#build(part, end), from);
      case 'any': {
        const end = this.#add(null, []);
        for (const part of tree.parts) this.nodes[this.#build(part, this.#after(from))]!.next.push(end);
        return end;
      }
      case 'repeat':
        return this.#repeat(tree, from);
    }
  }

  #repeat({ part, min, max }: Extract<Tree, { kind: 'repeat' }>, from: number): number {
    let end = from;
    for (let count = 0; count < min && this.nodes.length <= maxNodes; count += 1) end = this.#build(part, end);
    if (max === Infinity) {
      const loop = this.#after(end);
      this.nodes[this.#build(part, loop)]!.next.push(loop);
      return this.#after(loop);
    }
    const done = this.#add(null, []);
    for (let count = min; count < max && this.nodes.length <= maxNodes; count += 1) {
      this.nodes[end]!.next.push(done);
      end = this.#build(part, end);
    }
    this.nodes[end]!.next.push(done);
    return done;
  }

  #after(node: number): number {
    const next = this.#add(null, []);
    this.nodes[node]!.next.push(next);
    return next;
  }

  #add(ranges: Node['ranges'], next: number[]): number {
    return this.nodes.push({ ranges, isAtStart: false, next }) - 1;
  }

  /** Sets of nodes that one text or another leads to, or the first of them; a new search begins with each character. */
  countStates(limit: number): number {
    const alphabet = this.#alphabet();
    const start = this.#closed([this.#start], true);
    const seen = new Set([start.join()]);
    const waiting = [start];
    let steps = 0;
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      steps += (state.length + 1) * alphabet.length;
      if (seen.size > limit || steps > maxSteps) break;
      for (const code of alphabet) {
        const next = this.#closed([
          this.#start,
          ...state.filter((node) => this.#reads(node, code)).flatMap((node) => this.nodes[node]!.next),
        ]);
        const key = next.join();
        if (seen.has(key)) continue;
        seen.add(key);
        waiting.push(next);
      }
    }
    return seen.size;
  }

  #reads(node: number, code: number): boolean {
    return this.nodes[node]!.ranges!.some(([first, last]) => first <= code && code <= last);
  }

  /** The nodes that read a character, after all that can be gone without one. */
  #closed(nodes: readonly number[], isStart = false): number[] {
    const seen = new Set(nodes);
    for (const node of seen) {
      const { ranges, isAtStart, next } = this.nodes[node]!;
      if (ranges === null && (isStart || !isAtStart)) for (const each of next) seen.add(each);
    }
    return [...seen].filter((node) => this.nodes[node]!.ranges !== null).sort((a, b) => a - b);
  }

  /** One character of every kind that the expression tells apart. */
  #alphabet(): number[] {
    const firsts = new Set([0]);
    for (const { ranges } of this.nodes)
      for (const [first, last] of ranges ?? [])
        for (const code of [first, last + 1]) if (code <= lastCode) firsts.add(code);
    return [...firsts];
  }
}
