const token =
  /\\[^]|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]|\(\?[a-zA-Z-]+\)|\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?|[)|]|[^]/g;

/** Alternatives: a group, or the whole expression. */
interface Alternatives {
  start: number;
  end: number;
  depth: number;
  /** Where one ends, and the flags that have been set since the first began. */
  bars: { at: number; flags: string }[];
  flags: string;
  isRepeated: boolean;
}

/** Two expressions, one of which is found where the one that RE2 has taken is; null where it has no alternatives that could be taken apart. */
export function halvesOf(expression: string): [string, string] | null {
  // What is quoted is not read as an expression.
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
