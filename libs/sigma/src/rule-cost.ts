import { leavesOf } from './expression.js';
import type { Expression, Leaf } from './expression.js';
import { patternGroups } from './matching/pattern-groups.js';
import { isPattern, isStarred } from './matching/pattern-test.js';
import { Questions } from './matching/questions.js';
import type { Tree } from './matching/tree.js';
import { nestingOf, piecesOf } from './matching/wildcard-search.js';
import type { DetectionRule } from './rule-document.js';
import { RuleError } from './rule-error.js';

/**
 * Limit on passes over one text, after the common scan for the literals of all rules. Most rules
 * need one, if any.
 */
const maxPasses = 5;
/**
 * Limit on tests. A list is one test, or one for each value where all must match or the list is
 * short.
 */
const maxQuestions = 5_000;
/** Limit on numbers, parts of a time and other fields that are compared one by one. */
const maxComparisons = 64;
/** Limit on pieces of all values with a star inside. */
const maxPieces = 500;
/** Limit on the length of a chain of pieces in which each is a suffix of the next. */
const maxNesting = 8;

const checked = new WeakSet<Expression>();

/** Accepts a rule that was checked before it was compiled. */
export function acceptCost({ expression }: DetectionRule): void {
  checked.add(expression);
}

/**
 * Refuses a rule that could take too long for an event. The maximum cost follows from the rule
 * alone, whatever the event is.
 * @throws RuleError
 */
export function checkCost({ expression, info }: DetectionRule): void {
  if (checked.has(expression)) return;
  const reason = tooMuch(expression);
  if (reason !== null) throw new RuleError(info.line, reason);
  checked.add(expression);
}

function tooMuch(expression: Expression): string | null {
  const leaves = [...leavesOf(expression)];
  const compared = leaves.filter(isCompared);
  if (compared.length > maxComparisons) return `more than ${maxComparisons} comparisons`;
  const pieces = leaves.flatMap(starredPieces);
  if (pieces.length > maxPieces) return `values with more than ${maxPieces} pieces between *`;
  if (nestingOf(pieces) > maxNesting)
    return `more than ${maxNesting} pieces between * of which each ends with the next`;
  if (passesOf(expression, leaves) > maxPasses)
    return `expressions and values with wildcards inside would read a value more than ${maxPasses} times: split the rule`;
  if (leaves.length > maxQuestions && questionsOf(expression) > maxQuestions)
    return `more than ${maxQuestions} questions`;
  return null;
}

function isCompared({ test }: Leaf): boolean {
  return test.kind === 'compare' || test.kind === 'time-part' || test.kind === 'field';
}

function starredPieces({ test }: Leaf): string[] {
  return isPattern(test) && test.kind === 'text' && isStarred(test.text) ? piecesOf(test.text).slice(1, -1) : [];
}

/**
 * Returns the number of passes over the text of one field, which may also be among the keywords.
 */
function passesOf(expression: Expression, leaves: readonly Leaf[]): number {
  const passes = new Map<string | null, number>();
  const add = (field: string | null, count: number) => passes.set(field, (passes.get(field) ?? 0) + count);
  for (const { field, search } of patternGroups(expression)) add(field, search.passes);
  for (const { field, test } of leaves) if (test.kind === 'field' && test.position === 'contains') add(field, 1);
  const cased = leaves.some(({ test }) => test.kind === 'text' && test.isCased);
  const ofKeywords = passes.get(null) ?? 0;
  passes.delete(null);
  const most = ofKeywords + Math.max(0, ...passes.values());
  return most === 0 ? 0 : most + Number(cased);
}

function questionsOf(expression: Expression): number {
  return sizeOf(new Questions().treeOf(expression));
}

function sizeOf(tree: Tree): number {
  if (tree.op === 'ask') return 1;
  return tree.op === 'not' ? sizeOf(tree.part) : tree.parts.reduce((sum, part) => sum + sizeOf(part), 0);
}
