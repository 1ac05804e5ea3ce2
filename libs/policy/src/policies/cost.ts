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
 * Returns the worst-case number of operations of an expression before it runs: CEL has no endless
 * loops, but a few nested comprehensions over a list cost as much.
 * @param largest length of the longest list or text among the facts
 */
export function worstCost(expression: ASTNode, largest: number): number {
  return boundOf(expression, new Map(), largest).steps;
}

function boundOf(node: ASTNode, sizes: ReadonlyMap<string, number>, largest: number): Bound {
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
