/** Finds all keywords in one pass over bytes, in upper and lower case. */
export interface Prefilter {
  /**
   * Reports every keyword that ends at or before `length`, with its number and the offset after it;
   * with `from` only those that end after it.
   */
  scan(bytes: Uint8Array, length: number, found: (keyword: number, end: number) => void, from?: number): void;
}

interface Node {
  next: Map<number, Node>;
  fail: Node | undefined;
  keywords: number[];
  id: number;
}

/**
 * Builds the automaton of Aho and Corasick as one dense table: a step is two look-ups for any text.
 * @see https://dl.acm.org/doi/10.1145/360825.360855
 */
export function buildPrefilter(keywords: readonly string[]): Prefilter {
  const classes = classesOf(keywords);
  const nodes = buildNodes(keywords, classes.byByte);
  // Nodes that end a keyword get the highest numbers, so that the loop detects them by one
  // comparison.
  const ordered = [
    ...nodes.filter((node) => node.keywords.length === 0),
    ...nodes.filter((node) => node.keywords.length > 0),
  ];
  for (const [id, node] of ordered.entries()) node.id = id;
  const firstFinal = ordered.findIndex((node) => node.keywords.length > 0);
  const width = classes.count;
  const table = new Uint32Array(ordered.length * width);
  // Breadth first, so that the row of the shorter suffix exists and can be copied.
  for (const node of nodes) fillRow(table, node, width);
  const ends = ordered.map((node) => node.keywords);
  const { byByte } = classes;
  const longest = Math.max(0, ...keywords.map((keyword) => keyword.length));
  return {
    scan(bytes, length, found, from = 0) {
      const final = firstFinal * width;
      let state = 0;
      for (let at = Math.max(0, from - longest); at < length; at += 1) {
        state = table[state + (byByte[bytes[at] as number] as number)] as number;
        if (state >= final && at >= from) for (const keyword of ends[state / width] ?? []) found(keyword, at + 1);
      }
    },
  };
}

/** Bytes outside of keywords share class 0; a letter and its capital share one. */
function classesOf(keywords: readonly string[]): { byByte: Uint8Array; count: number } {
  const byByte = new Uint8Array(256);
  let count = 1;
  for (const char of new Set(keywords.join(''))) {
    byByte[char.charCodeAt(0)] = count;
    byByte[char.toUpperCase().charCodeAt(0)] = count;
    count += 1;
  }
  return { byByte, count };
}

function buildNodes(keywords: readonly string[], byByte: Uint8Array): Node[] {
  const root: Node = { next: new Map(), fail: undefined, keywords: [], id: 0 };
  for (const [index, keyword] of keywords.entries()) {
    let node = root;
    for (const char of keyword) {
      const byClass = byByte[char.charCodeAt(0)] ?? 0;
      const next = node.next.get(byClass) ?? { next: new Map(), fail: undefined, keywords: [], id: 0 };
      node.next.set(byClass, next);
      node = next;
    }
    node.keywords.push(index);
  }
  const nodes = [root];
  // The array grows during the iteration, which gives the breadth-first order.
  for (const node of nodes) {
    for (const [byClass, child] of node.next) {
      child.fail = longestSuffix(node.fail, byClass) ?? root;
      child.keywords.push(...child.fail.keywords);
      nodes.push(child);
    }
  }
  return nodes;
}

function longestSuffix(from: Node | undefined, byClass: number): Node | undefined {
  for (let node = from; node !== undefined; node = node.fail) {
    const next = node.next.get(byClass);
    if (next !== undefined) return next;
  }
  return undefined;
}

// States are stored times the width, which saves a multiplication for every byte.
function fillRow(table: Uint32Array, node: Node, width: number): void {
  const row = node.id * width;
  if (node.fail !== undefined) table.copyWithin(row, node.fail.id * width, node.fail.id * width + width);
  for (const [byClass, child] of node.next) table[row + byClass] = child.id * width;
}
