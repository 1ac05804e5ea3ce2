import { type ASTNode, type Environment, EvaluationError, type ParseResult } from '@marcbachmann/cel-js';
import { InvalidInput } from '@tidewaiter/domain';

import type { ContextGap, PolicyContext } from './context.js';
import { boundOf, childrenOf } from './cost.js';
import { guarded } from './guard.js';

/** Type-checked CEL expression. @see https://cel.dev */
export interface CelExpression {
  text: string;
  /** `bool`, `list<Finding>`. */
  type: string;
  /** Names that it uses: facts, and its own variables. */
  names: ReadonlySet<string>;
  /** Fields that it reads, of any value. */
  fields: ReadonlySet<string>;
  ask(context: PolicyContext): CelResult;
}

/** Value, or the reason why there is none. */
export type CelResult = { value: unknown } | { unknown: string };

const maxCharacters = 10_000;
/** About some seconds. */
const maxSteps = 5_000_000;
/** A text of all ids of an image has some hundred thousand characters, and this worst case. */
const maxSize = 400_000_000;

/**
 * Functions with which one short line takes endless time: their patterns backtrack, or a value is
 * doubled again and again. `glob` takes linear time.
 */
const refused = new Map([
  ['matches', 'use glob(), startsWith(), endsWith() or contains()'],
  ['bind', 'use a variable of the policy'],
]);

/**
 * Compiles an expression.
 * @param where place of the expression, for error messages
 * @throws InvalidInput `POLICY_INVALID`
 */
export function compile(language: Environment, text: string, where: string): CelExpression {
  if (text.length > maxCharacters) throw invalid(where, `longer than ${maxCharacters} characters`);
  const program = parse(language, text, where);
  refuse(program.ast, where);
  const { valid, type = 'dyn', error } = program.check();
  if (!valid) throw invalid(where, firstLine(error?.message ?? 'of no type'));
  const ofPartialLists = language.parse(guarded(program.ast));
  return {
    ...{ text, type, names: new Set(namesIn(program.ast)), fields: new Set(fieldsIn(program.ast)) },
    ask: (context) => ask(program, ofPartialLists, context),
  };
}

function parse(language: Environment, text: string, where: string): ParseResult {
  try {
    return language.parse(text);
  } catch (error) {
    throw invalid(where, firstLine(error instanceof Error ? error.message : String(error)));
  }
}

function refuse(node: ASTNode, where: string): void {
  const name = node.op === 'call' || node.op === 'rcall' ? node.args[0] : '';
  const instead = name.startsWith('__') ? 'names with __ are our own' : refused.get(name);
  if (instead !== undefined) throw invalid(where, `${name}() is not offered: ${instead}`);
  for (const child of childrenOf(node)) refuse(child, where);
}

function namesIn(node: ASTNode): string[] {
  return [...(node.op === 'id' ? [node.args] : []), ...childrenOf(node).flatMap(namesIn)];
}

function fieldsIn(node: ASTNode): string[] {
  return [...(node.op === '.' || node.op === '.?' ? [node.args[1]] : []), ...childrenOf(node).flatMap(fieldsIn)];
}

function ask(program: ParseResult, ofPartialLists: ParseResult, context: PolicyContext): CelResult {
  const { values, sizes, largest, gaps } = context;
  const { steps, size } = boundOf(program.ast, sizes, largest);
  if (steps > maxSteps)
    return { unknown: `too expensive for this image: up to ${steps.toLocaleString('en-US')} steps` };
  if (size > maxSize) return { unknown: `too large for this image: up to ${size.toLocaleString('en-US')} characters` };
  const answer = run(program, values);
  if (gaps.length === 0 || 'unknown' in answer || 'value' in run(ofPartialLists, withPlaceholders(values, gaps)))
    return answer;
  const missing = gaps.filter((gap) => 'unknown' in run(ofPartialLists, withPlaceholders(values, [gap])));
  return { unknown: (missing.length > 0 ? missing : gaps).map(({ message }) => message).join('; ') };
}

function run(program: ParseResult, values: Record<string, unknown>): CelResult {
  try {
    return { value: program(values) as unknown };
  } catch (error) {
    return { unknown: whyUnknown(error) };
  }
}

function withPlaceholders(values: Record<string, unknown>, gaps: readonly ContextGap[]): Record<string, unknown> {
  const placeholdersOf = (name: ContextGap['list']) =>
    gaps.flatMap(({ list, placeholder }) => (list === name ? [placeholder] : []));
  const { findings, packages } = values as Record<ContextGap['list'], object[]>;
  return {
    ...values,
    findings: [...findings, ...placeholdersOf('findings')],
    packages: [...packages, ...placeholdersOf('packages')],
  };
}

/** Functions of the language may throw anything: a date that is too far away is a `RangeError`. */
function whyUnknown(error: unknown): string {
  if (!(error instanceof EvaluationError)) return `cannot be answered: ${firstLine(String(error))}`;
  const { code, message, node } = error;
  const isMissing = code === 'no_such_key' || code === 'unknown_variable';
  return isMissing && node ? `needs ${factAt(node)}, which is not known` : `cannot be answered: ${firstLine(message)}`;
}

/**
 * Path of a fact as written, except for items of lists: the `f.kev` of any policy is the `kev` of a
 * finding.
 */
function factAt(node: ASTNode): string {
  const { checkedType } = (node.op === '.' ? node.args[0] : node) as { checkedType?: { name?: string } };
  const item = checkedType?.name;
  if (node.op === '.' && (item === 'Finding' || item === 'Package')) return `${item.toLowerCase()}.${node.args[1]}`;
  return node.input.slice(node.start, node.end);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!;
}

function invalid(where: string, problem: string): InvalidInput {
  return new InvalidInput('POLICY_INVALID', `${where}: ${problem}`);
}
