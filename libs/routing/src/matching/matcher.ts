import { InvalidInput } from '@tidewaiter/domain';
import type { Labels } from '@tidewaiter/domain';
import { RE2JS, RE2JSSyntaxException } from 're2js';

/** A compiled expression needs memory and time in proportion to this. */
const maxRegexInstructions = 10_000;

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One condition on one label. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  /**
   * Whether a label of this value meets the condition; a label that is not there has the empty
   * value.
   */
  readonly accepts: (labelValue: string) => boolean;
}

/**
 * Builds a matcher. Expressions are RE2's and must match the whole value.
 * @throws InvalidInput `MATCHER_INVALID`
 */
export function createMatcher(name: string, operator: MatchOperator, value: string): Matcher {
  if (name === '') throw new InvalidInput('MATCHER_INVALID', 'a label name must not be empty');
  return { name, operator, value, accepts: acceptor(operator, value) };
}

/** Whether the labels meet the condition. */
export function matches(matcher: Matcher, labels: Labels): boolean {
  return matcher.accepts(labelValue(labels, matcher.name));
}

/**
 * The label's value, empty when it is not there. Own properties only: label names come from
 * outside.
 */
export function labelValue(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
}

/** Prints a matcher so that parsing it gives the same one: `severity="critical"`. */
export function formatMatcher({ name, operator, value }: Matcher): string {
  return `${/[\p{White_Space}{}!=~,\\"'`]/u.test(name) ? quote(name) : name}${operator}${quote(value)}`;
}

/** Double quotes with OpenMetrics' three escapes, which every matcher parser reads. */
export function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

/** Alertmanager's order of the matchers of a route: name, value, operator. */
export function compareMatchers(a: Matcher, b: Matcher): number {
  return (
    compareText(a.name, b.name) ||
    compareText(a.value, b.value) ||
    operators.indexOf(a.operator) - operators.indexOf(b.operator)
  );
}

const operators: MatchOperator[] = ['=', '!=', '=~', '!~'];

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function acceptor(operator: MatchOperator, value: string): Matcher['accepts'] {
  switch (operator) {
    case '=':
      return (labelValue) => labelValue === value;
    case '!=':
      return (labelValue) => labelValue !== value;
    case '=~':
      return remembered(compileRegex(value));
    case '!~': {
      const accepts = remembered(compileRegex(value));
      return (labelValue) => !accepts(labelValue);
    }
  }
}

/**
 * Answers of one expression that are kept: labels have few values, and each is asked about again
 * and again.
 */
const maxRemembered = 1_000;

function remembered(regex: RE2JS): Matcher['accepts'] {
  const answers = new Map<string, boolean>();
  return (labelValue) => {
    const known = answers.get(labelValue);
    if (known !== undefined) return known;
    if (answers.size === maxRemembered) answers.clear();
    const answer = regex.matches(labelValue);
    answers.set(labelValue, answer);
    return answer;
  };
}

/**
 * RE2, because JavaScript's own engine can be kept busy for ever by a pattern and a value that fit
 * each other.
 */
function compileRegex(pattern: string): RE2JS {
  const regex = parseRegex(pattern);
  if (regex.programSize() > maxRegexInstructions) {
    throw new InvalidInput(
      'MATCHER_INVALID',
      `the expression compiles to more than ${maxRegexInstructions} instructions`,
    );
  }
  return regex;
}

function parseRegex(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    // The description alone: the full message repeats the pattern.
    throw new InvalidInput('MATCHER_INVALID', `not an RE2 expression: ${error.getDescription()}`);
  }
}
