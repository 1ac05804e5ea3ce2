import type { ASTNode } from '@marcbachmann/cel-js';

/** Worst-case cost of an expression. */
interface Bound {
  /** Number of operations. */
  steps: number;
  /** Number of items or characters of its value, or of anything in it. */
  size: number;
}

const quantifiers = new Set(['all', 'exists', 'exists_one']);
const macros = new Set([...quantifiers, 'filter', 'map']);
const answersYesOrNo = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', '&&', '||', '!_']);

/**
 * Returns the worst-case cost of an expression before it runs: CEL has no endless loops, but a few
 * nested comprehensions over a list cost as much.
 * @param sizes those of variables
 * @param largest length of the longest list or text among the facts
 */
export function boundOf(node: ASTNode, sizes: ReadonlyMap<string, number>, largest: number): Bound {
  if (node.op === 'value') return { steps: 1, size: typeof node.args === 'string' ? node.args.length : 1 };
  if (node.op === 'id') return { steps: 1, size: sizes.get(node.args) ?? largest };
  if (node.op === 'rcall' && macros.has(node.args[0]) && node.args[2].length > 1) {
    const [name, receiver, [variable, ...bodies]] = node.args;
    return comprehensionBound(name, boundOf(receiver, sizes, largest), (size) => {
      const inner = new Map(sizes).set(variable?.op === 'id' ? variable.args : '', size);
      return bodies.map((body) => boundOf(body, inner, largest));
    });
  }
  const children = childrenOf(node).map((child) => ({ op: child.op, ...boundOf(child, sizes, largest) }));
  // A value that is compared or passed as a whole is traversed; a field or a literal is short.
  const walked = sum(children.map(({ op, size }) => (op === '.' || op === 'value' || node.op === '.' ? 1 : size)));
  return {
    steps: 1 + walked + sum(children.map(({ steps }) => steps)),
    size: sizeOf(
      node,
      children.map(({ size }) => size),
    ),
  };
}

function comprehensionBound(name: string, range: Bound, bodiesOver: (size: number) => Bound[]): Bound {
  const bodies = bodiesOver(range.size);
  const steps = range.steps + range.size * (1 + sum(bodies.map((body) => body.steps)));
  if (quantifiers.has(name)) return { steps, size: 1 };
  return { steps, size: name === 'filter' ? range.size : Math.max(range.size, ...bodies.map(({ size }) => size)) };
}

function sizeOf(node: ASTNode, sizes: readonly number[]): number {
  if (answersYesOrNo.has(node.op)) return 1;
  if (node.op === '.' || node.op === '?:') return Math.max(1, ...sizes);
  // The result contains a text for every item.
  if (node.op === 'rcall' && node.args[0] === 'join') return sum(sizes) ** 2;
  return Math.max(1, sum(sizes));
}

/** No image has as many findings and packages. */
const maxItems = 500_000;

/**
 * Returns the size of a value; infinite for one with more than `maxItems`, where a list may be in
 * another one many times.
 */
export function sizeOfValue(value: unknown): number {
  let left = maxItems;
  return measure(value);

  function measure(part: unknown): number {
    if (typeof part === 'string') return part.length;
    const items = itemsOf(part);
    let largest = Math.max(1, items.length);
    let total = items.length;
    for (const item of items) {
      if ((left -= 1) < 0) return Infinity;
      const size = measure(item);
      largest = Math.max(largest, size);
      total += size;
    }
    return items.some((item) => itemsOf(item).length > 0) ? total : largest;
  }
}

/** Findings and packages count as one item: their fields are facts. */
function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const isMap = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isMap ? Object.entries(value).flat() : [];
}

/** Returns the direct subexpressions. */
export function childrenOf({ args }: ASTNode): ASTNode[] {
  return [args].flat(3).filter(isNode);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
