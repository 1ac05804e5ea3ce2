import { RuleError, shown } from '../rule-error.js';

/** Boolean expression over the rules that were seen. */
export type Expression =
  | { rule: string }
  | { not: Expression }
  | { all: readonly Expression[] }
  | { any: readonly Expression[] };

const maxLength = 4_096;
const maxDepth = 32;
const token = /\s*(?:([()])|([\w.-]+))\s*/y;
const operators = new Set(['and', 'or', 'not']);

/**
 * Parses `a and (b or c) and not d`. `not` binds closest, then `and`, then `or`.
 * @throws RuleError
 */
export function readExpression(text: string, line: number): Expression {
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

  read(): Expression {
    const expression = this.#any();
    if (this.#next < this.tokens.length) this.#refuse();
    return expression;
  }

  #any(): Expression {
    const any = [this.#all()];
    while (this.#accept('or')) any.push(this.#all());
    return any.length === 1 ? any[0]! : { any };
  }

  #all(): Expression {
    const all = [this.#one()];
    while (this.#accept('and')) all.push(this.#one());
    return all.length === 1 ? all[0]! : { all };
  }

  #one(): Expression {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new RuleError(this.line, `condition is nested deeper than ${maxDepth} levels`);
    const one = this.#accept('not') ? { not: this.#one() } : this.#accept('(') ? this.#bracket() : this.#rule();
    this.#depth -= 1;
    return one;
  }

  #bracket(): Expression {
    const inner = this.#any();
    if (!this.#accept(')')) this.#refuse();
    return inner;
  }

  #rule(): Expression {
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
export function rulesIn(expression: Expression): string[] {
  return [...new Set(leavesOf(expression))];
}

function leavesOf(expression: Expression): string[] {
  if ('rule' in expression) return [expression.rule];
  if ('not' in expression) return leavesOf(expression.not);
  return ('all' in expression ? expression.all : expression.any).flatMap(leavesOf);
}

export function hasNot(expression: Expression): boolean {
  if ('rule' in expression) return false;
  return 'not' in expression || ('all' in expression ? expression.all : expression.any).some(hasNot);
}

/**
 * Evaluates an expression. Required and excluded rules may have different predicates: in an ordered
 * chain a required rule must be a step of the chain, but an excluded rule must not be seen at all.
 */
export function holds(
  expression: Expression,
  isThere: (rule: string) => boolean,
  isSeen: (rule: string) => boolean = isThere,
): boolean {
  const judge = (each: Expression, negated: boolean): boolean => {
    if ('rule' in each) return negated ? !isSeen(each.rule) : isThere(each.rule);
    if ('not' in each) return judge(each.not, !negated);
    const all = 'all' in each;
    const parts = all ? each.all : each.any;
    // By De Morgan's law a negated "all" is an "any" of the negated parts.
    return all === negated ? parts.some((part) => judge(part, negated)) : parts.every((part) => judge(part, negated));
  };
  return judge(expression, false);
}
