import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { serialize } from '@marcbachmann/cel-js/serialize';

// Three-valued evaluation. A kind of findings that was not evaluated is represented in the list by
// one placeholder, of which only the kind is known. An expression is rewritten so that it has no
// value as soon as a placeholder decides: one that a filter would keep, that breaks an `all` or
// fulfills an `exists`, or a list that is used as a whole. Errors do the rest in CEL: `false &&
// error` is false, and an `all` with an item that certainly breaks it is false for any other items.

/** Lists that may hold placeholders. */
const lists = new Set(['findings', 'packages']);
/** Guard of each comprehension against a placeholder's value that would decide it. */
const decidedBy = new Map([
  ['all', 'unlessFalse'],
  ['exists', 'unlessTrue'],
  ['exists_one', 'unlessTrue'],
  ['filter', 'unlessTrue'],
]);
const functionNames = {
  unlessFalse: '__unless_false',
  unlessTrue: '__unless_true',
  mapped: '__mapped',
  whole: '__whole',
};

const placeholders = new WeakSet<object>();

/** Thrown if the value of an expression depends on findings that were not evaluated. */
class NotEvaluated extends Error {}

/** Makes an item represent any number of items of which only the fields in `known` are known. */
export function asPlaceholder<Item extends object>(item: Item, known: object, fields: readonly string[]): Item {
  for (const field of fields) {
    if (!(field in known)) Object.defineProperty(item, field, { get: notEvaluated, enumerable: true });
  }
  placeholders.add(item);
  return item;
}

function notEvaluated(): never {
  throw new NotEvaluated('not evaluated');
}

/** Registers the functions that {@link guarded} expressions call. */
export function registerGuards(language: Environment): void {
  const check = (item: unknown, isDecided: boolean) => {
    if (isDecided && isPlaceholder(item)) notEvaluated();
  };
  language
    .registerFunction(`${functionNames.unlessFalse}(dyn, bool): bool`, (item: unknown, holds: boolean) => {
      check(item, !holds);
      return holds;
    })
    .registerFunction(`${functionNames.unlessTrue}(dyn, bool): bool`, (item: unknown, holds: boolean) => {
      check(item, holds);
      return holds;
    })
    .registerFunction(`${functionNames.mapped}(dyn, dyn): dyn`, (item: unknown, value: unknown) => {
      check(item, true);
      return value;
    })
    .registerFunction(`${functionNames.whole}(list<Finding>): list<Finding>`, whole)
    .registerFunction(`${functionNames.whole}(list<Package>): list<Package>`, whole);
}

function whole(list: readonly unknown[]): readonly unknown[] {
  if (list.some(isPlaceholder)) notEvaluated();
  return list;
}

function isPlaceholder(item: unknown): boolean {
  return typeof item === 'object' && item !== null && placeholders.has(item);
}

/** Formats the expression, rewritten so that no placeholder decides it. */
export function guarded(ast: ASTNode): string {
  return serialize(rewritten(ast, new Set()) as ASTNode);
}

type Rewritten = Pick<ASTNode, 'op' | 'args'>;

/** @param shadowed names of variables of comprehensions around it */
function rewritten(node: ASTNode, shadowed: ReadonlySet<string>): Rewritten {
  if (isList(node, shadowed)) return call(functionNames.whole, node);
  const comprehension = comprehensionOf(node);
  if (!comprehension)
    return { op: node.op, args: mapNodes(node.args, (child) => rewritten(child, shadowed)) } as Rewritten;
  const { name, receiver, variable, bodies } = comprehension;
  const inner = new Set([...shadowed, variable.args]);
  const [first, second] = bodies.map((body) => rewritten(body, inner));
  if (!isList(receiver, shadowed))
    return macro(name, rewritten(receiver, shadowed), [variable, first!, ...(second ? [second] : [])]);
  const guard = decidedBy.get(name);
  if (guard !== undefined)
    return macro(name, receiver, [
      variable,
      call(functionNames[guard as keyof typeof functionNames], variable, first!),
    ]);
  // The second argument of `map` is a filter if a third follows.
  if (second) return macro(name, receiver, [variable, call(functionNames.unlessTrue, variable, first!), second]);
  return macro(name, receiver, [variable, call(functionNames.mapped, variable, first!)]);
}

function comprehensionOf(node: ASTNode) {
  if (node.op !== 'rcall') return undefined;
  const [name, receiver, [variable, ...bodies]] = node.args;
  if (!(decidedBy.has(name) || name === 'map') || variable?.op !== 'id' || bodies.length === 0) return undefined;
  return { name, receiver, variable, bodies };
}

function isList(node: ASTNode, shadowed: ReadonlySet<string>): boolean {
  return node.op === 'id' && lists.has(node.args) && !shadowed.has(node.args);
}

function call(name: string, ...args: Rewritten[]): Rewritten {
  return { op: 'call', args: [name, args] } as unknown as Rewritten;
}

function macro(name: string, receiver: Rewritten, args: Rewritten[]): Rewritten {
  return { op: 'rcall', args: [name, receiver, args] } as unknown as Rewritten;
}

/** Maps the arguments of a node, which are nodes, texts, and lists of them. */
function mapNodes(args: unknown, change: (node: ASTNode) => Rewritten): unknown {
  if (Array.isArray(args)) return args.map((each) => mapNodes(each, change));
  if (typeof args === 'object' && args !== null && 'op' in args) return change(args as ASTNode);
  return args;
}
