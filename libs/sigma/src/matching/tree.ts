/** Boolean expression over numbered tests. */
export type Tree =
  | { op: 'and' | 'or'; parts: readonly Tree[] }
  | { op: 'not'; part: Tree }
  | { op: 'ask'; question: number };

/** Creates a chain, with nested chains of the same operator flattened. */
export function chain(op: 'and' | 'or', parts: readonly Tree[]): Tree {
  const all = parts.flatMap((part) => (part.op === op ? part.parts : [part]));
  return all.length === 1 && all[0] ? all[0] : { op, parts: all };
}

/** Sorts the parts of chains by cost, the cheapest first; the result stays the same. */
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
