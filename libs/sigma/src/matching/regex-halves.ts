const token =
  /\\[^]|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]|\(\?[a-zA-Z-]+\)|\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?|[)|]|[^]/g;

/** Alternatives of a group, or of the whole expression. */
interface Alternatives {
  start: number;
  end: number;
  depth: number;
  /** Position of each `|`, and the flags set since the first alternative began. */
  bars: { at: number; flags: string }[];
  flags: string;
  isRepeated: boolean;
}

/**
 * Splits an expression, in RE2's syntax, into two of which at least one matches wherever it does;
 * null where it has no alternatives that can be split.
 */
export function halvesOf(expression: string): [string, string] | null {
  // Quoted text is not supported: it would be parsed as an expression.
  if (expression.includes(String.raw`\Q`)) return null;
  const all = alternativesOf(expression);
  const repeated = all.filter(({ isRepeated }) => isRepeated);
  const [widest] = all
    .filter(
      (each) => each.bars.length > 0 && !repeated.some(({ start, end }) => start <= each.start && each.end <= end),
    )
    .sort((a, b) => a.depth - b.depth || b.bars.length - a.bars.length);
  if (!widest) return null;
  const { start, end, bars } = widest;
  const { at, flags } = bars[(bars.length - 1) >> 1]!;
  return [
    expression.slice(0, at) + expression.slice(end),
    expression.slice(0, start) + flags + expression.slice(at + 1),
  ];
}

function alternativesOf(expression: string): Alternatives[] {
  const open: Alternatives[] = [begun(0, 0)];
  const closed: Alternatives[] = [];
  for (const { 0: piece, index } of expression.matchAll(token)) {
    const inner = open.at(-1)!;
    if (/^\(\?[a-zA-Z-]+\)$/.test(piece)) inner.flags += piece;
    else if (piece.startsWith('(')) open.push(begun(index + piece.length, open.length));
    else if (piece === '|') inner.bars.push({ at: index, flags: inner.flags });
    else if (piece === ')') {
      open.pop();
      closed.push({ ...inner, end: index, isRepeated: /^[*+?{]/.test(expression.slice(index + 1)) });
    }
  }
  return [...closed, { ...open[0]!, end: expression.length }];
}

function begun(start: number, depth: number): Alternatives {
  return { start, end: start, depth, bars: [], flags: '', isRepeated: false };
}
