/** An expression over numbered questions. */
export type Tree =
  | { op: 'and' | 'or'; parts: readonly Tree[] }
  | { op: 'not'; part: Tree }
  | { op: 'ask'; question: number };

/** A chain, with chains of the same operator in it taken in. */
export function chain(op: 'and' | 'or', parts: readonly Tree[]): Tree {
  const all = parts.flatMap((part) => (part.op === op ? part.parts : [part]));
  return all.length === 1 && all[0] ? all[0] : { op, parts: all };
}

/** The tree with what is cheap to ask in front; it does not change the answer. */
export function cheapFirst(tree: Tree, costOf: (question: number) => number): Tree {
  return sorted(tree).tree;

  function sorted(each: Tree): { tree: Tree; cost: number } {
    if (each.op === 'ask') return { tree: each, cost: costOf(each.question) };
    if (each.op === 'not') {
      const { tree: part, cost } = sorted(each.part);
      return { tree: { op: 'not', part }, cost };
    }
    const parts = each.parts.map(sorted).sort((a, b) => a.cost - b.cost);
    return { tree: { op: each.op, parts: parts.map((part) => part.tree) }, cost: parts.at(-1)?.cost ?? 0 };
  }
}
