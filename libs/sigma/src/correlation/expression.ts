import { RuleError, shown } from '../rule-error.js';

/** Boolean expression over the rules that were seen. */
export type CorrelationExpression =
  | { rule: string }
  | { not: CorrelationExpression }
  | { all: readonly CorrelationExpression[] }
  | { any: readonly CorrelationExpression[] };

const maxLength = 4_096;
const maxDepth = 32;
const token = /\s*(?:([()])|([\w.-]+))\s*/y;
const operators = new Set(['and', 'or', 'not']);

/**
 * Parses `a and (b or c) and not d`. `not` binds closest, then `and`, then `or`.
 * @throws RuleError
 */
export function readExpression(text: string, line: number): CorrelationExpression {
  if (text.length > maxLength) throw new RuleError(line, `condition has more than ${maxLength} characters`);
  return new Parser(tokensOf(text, line), line).read();
}

function tokensOf(text: string, line: number): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  for (let at = 0; at < text.length; at = token.lastIndex) {
    const found = token.exec(text);
    if (!found) throw new RuleError(line, `condition cannot be read from ${shown(text.slice(at))}`);
    tokens.push(found[1] ?? found[2]!);
  }
  return tokens;
}

class Parser {
  #next = 0;
  #depth = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly line: number,
  ) {}

  read(): CorrelationExpression {
    const expression = this.#any();
    if (this.#next < this.tokens.length) this.#refuse();
    return expression;
  }

  #any(): CorrelationExpression {
    const any = [this.#all()];
    while (this.#accept('or')) any.push(this.#all());
    return any.length === 1 ? any[0]! : { any };
  }

  #all(): CorrelationExpression {
    const all = [this.#one()];
    while (this.#accept('and')) all.push(this.#one());
    return all.length === 1 ? all[0]! : { all };
  }

  #one(): CorrelationExpression {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new RuleError(this.line, `condition is nested deeper than ${maxDepth} levels`);
    const one = this.#accept('not') ? { not: this.#one() } : this.#accept('(') ? this.#bracket() : this.#rule();
    this.#depth -= 1;
    return one;
  }

  #bracket(): CorrelationExpression {
    const inner = this.#any();
    if (!this.#accept(')')) this.#refuse();
    return inner;
  }

  #rule(): CorrelationExpression {
    const rule = this.tokens[this.#next];
    if (rule === undefined || rule === ')' || operators.has(rule)) this.#refuse();
    this.#next += 1;
    return { rule };
  }

  #accept(word: string): boolean {
    if (this.tokens[this.#next] !== word) return false;
    this.#next += 1;
    return true;
  }

  #refuse(): never {
    const found = this.tokens[this.#next];
    throw new RuleError(
      this.line,
      `condition: ${found === undefined ? 'ends too early' : `${shown(found)} is out of place`}`,
    );
  }
}

/** Returns each rule once, in the order of the text. */
export function rulesIn(expression: CorrelationExpression): string[] {
  return [...new Set(leavesOf(expression))];
}

function leavesOf(expression: CorrelationExpression): string[] {
  if ('rule' in expression) return [expression.rule];
  if ('not' in expression) return leavesOf(expression.not);
  return ('all' in expression ? expression.all : expression.any).flatMap(leavesOf);
}

export function hasNot(expression: CorrelationExpression): boolean {
  if ('rule' in expression) return false;
  return 'not' in expression || ('all' in expression ? expression.all : expression.any).some(hasNot);
}

/**
 * Evaluates an expression. Required and excluded rules may have different predicates: in an ordered
 * chain a required rule must be a step of the chain, but an excluded rule must not be seen at all.
 */
export function holds(
  expression: CorrelationExpression,
  isThere: (rule: string) => boolean,
  isSeen: (rule: string) => boolean = isThere,
): boolean {
  const evaluate = (each: CorrelationExpression, negated: boolean): boolean => {
    if ('rule' in each) return negated ? !isSeen(each.rule) : isThere(each.rule);
    if ('not' in each) return evaluate(each.not, !negated);
    const all = 'all' in each;
    const parts = all ? each.all : each.any;
    // By De Morgan's law a negated "all" is an "any" of the negated parts.
    return all === negated
      ? parts.some((part) => evaluate(part, negated))
      : parts.every((part) => evaluate(part, negated));
  };
  return evaluate(expression, false);
}
