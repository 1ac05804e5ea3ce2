import { type Fields, operatorsOf, type Operator } from './fields.js';
import { InvalidQuery } from './invalid-query.js';
import { listsWithField } from './lists/lists.js';
import { type FieldValue, readValue } from './read-value.js';
import { similarName } from './similar-name.js';
import { type Term, termsOf } from './terms.js';

/** Filter of a list as a tree. */
export type QueryExpression<Name extends string = string> =
  | { kind: 'all' | 'any'; of: readonly QueryExpression<Name>[] }
  | { kind: 'not'; of: QueryExpression<Name> }
  /** With several values, `=` means any of them and `!=` none of them. */
  | { kind: 'condition'; field: Name; operator: Operator; values: readonly FieldValue[] }
  /** Words that the texts of a row contain. */
  | { kind: 'words'; text: string };

export const maxQueryLength = 2_000;
const maxTerms = 100;
const maxDepth = 20;
const maxValues = 100;

/**
 * Parses a query: terms that must all hold, `or`, `not` or `-`, and parentheses. `not` binds
 * closest, then the implied `and`, then `or`.
 * @param now time from which `7d` counts back
 * @throws InvalidQuery `QUERY_INVALID`, naming the column
 */
export function parseQuery<Name extends string>(text: string, fields: Fields<Name>, now: Date): QueryExpression<Name> {
  if (text.length > maxQueryLength)
    throw new InvalidQuery(maxQueryLength, `a query has at most ${maxQueryLength} characters`);
  const terms = termsOf(text, (name) => Object.hasOwn(fields, name));
  if (terms.length > maxTerms) throw new InvalidQuery(terms[maxTerms]!.start, `a query has at most ${maxTerms} terms`);
  const parser = new Parser<Name>(terms, fields, now, text.length);
  return parser.query();
}

/** Whether a condition of an expression is about a field. */
export function namesField<Name extends string>(expression: QueryExpression<Name>, field: Name): boolean {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.of.some((each) => namesField(each, field));
    case 'not':
      return namesField(expression.of, field);
    case 'condition':
      return expression.field === field;
    case 'words':
      return false;
  }
}

class Parser<Name extends string> {
  #next = 0;

  constructor(
    private readonly terms: readonly Term[],
    private readonly fields: Fields<Name>,
    private readonly now: Date,
    private readonly length: number,
  ) {}

  query(): QueryExpression<Name> {
    if (this.terms.length === 0) return { kind: 'all', of: [] };
    const expression = this.#any(0);
    const rest = this.#peek();
    if (rest) throw new InvalidQuery(rest.start, 'this parenthesis was not opened');
    return expression;
  }

  #any(depth: number): QueryExpression<Name> {
    const of = [this.#all(depth)];
    while (this.#takeKeyword('or')) of.push(this.#all(depth));
    return of.length === 1 ? of[0]! : { kind: 'any', of };
  }

  #all(depth: number): QueryExpression<Name> {
    const of: QueryExpression<Name>[] = [];
    do of.push(this.#one(depth));
    while (this.#takeKeyword('and') || this.#isOperandNext());
    return of.length === 1 ? of[0]! : { kind: 'all', of };
  }

  #one(depth: number): QueryExpression<Name> {
    const term = this.#peek();
    if (term === undefined || term.kind === 'close' || isKeyword(term, 'or') || isKeyword(term, 'and'))
      throw new InvalidQuery(term?.start ?? this.length, 'a condition is missing');
    if (depth > maxDepth) throw new InvalidQuery(term.start, `parentheses are nested at most ${maxDepth} deep`);
    this.#next += 1;
    if (isKeyword(term, 'not')) return { kind: 'not', of: this.#one(depth + 1) };
    switch (term.kind) {
      case 'not':
        return { kind: 'not', of: this.#one(depth + 1) };
      case 'open':
        return this.#group(term, depth);
      case 'condition':
        return this.#condition(term);
      case 'word':
        return this.#word(term);
    }
  }

  #group({ start }: Term, depth: number): QueryExpression<Name> {
    const expression = this.#any(depth + 1);
    if (this.#peek()?.kind !== 'close') throw new InvalidQuery(start, 'this parenthesis is not closed');
    this.#next += 1;
    return expression;
  }

  #word({ text, isQuoted, start }: Extract<Term, { kind: 'word' }>): QueryExpression<Name> {
    if (isQuoted) return { kind: 'words', text };
    const name = this.#fieldNamed(text);
    if (name !== undefined && this.fields[name].type === 'flag')
      return { kind: 'condition', field: name, operator: '=', values: [true] };
    // As words to search for, `kev` would match nothing, and look like an answer.
    if (name !== undefined)
      throw new InvalidQuery(start, `${name} is a field: write ${name}=…, or "${text}" for words`);
    const lists = listsWithField(text.toLowerCase());
    if (lists.length > 0)
      throw new InvalidQuery(
        start,
        `${text} is no field of this list, but of ${lists.join(', ')}; write "${text}" for words`,
      );
    return { kind: 'words', text };
  }

  #condition({ field, operator, value, start }: Extract<Term, { kind: 'condition' }>): QueryExpression<Name> {
    const name = this.#fieldNamed(field);
    if (name === undefined) throw new InvalidQuery(start, noField(field, Object.keys(this.fields)));
    const known = this.fields[name];
    if (!operatorsOf(known).includes(operator))
      throw new InvalidQuery(start + field.length, `${name} has ${operatorsOf(known).join(' ')}, not ${operator}`);
    const isOne = known.type === 'match' || (operator !== '=' && operator !== '!=');
    const parts = isOne ? [{ text: value.whole, start: value.start }] : value.parts;
    if (parts.length > maxValues)
      throw new InvalidQuery(parts[maxValues]!.start, `a condition has at most ${maxValues} values`);
    const values = parts.map((part) => readValue(part.text, part.start, known, this.now));
    return { kind: 'condition', field: name, operator, values };
  }

  #fieldNamed(text: string): Name | undefined {
    const lower = text.toLowerCase();
    return Object.hasOwn(this.fields, lower) ? (lower as Name) : undefined;
  }

  #peek(): Term | undefined {
    return this.terms[this.#next];
  }

  #isOperandNext(): boolean {
    const term = this.#peek();
    return term !== undefined && term.kind !== 'close' && !isKeyword(term, 'or') && !isKeyword(term, 'and');
  }

  #takeKeyword(keyword: string): boolean {
    const term = this.#peek();
    if (term === undefined || !isKeyword(term, keyword)) return false;
    this.#next += 1;
    return true;
  }
}

function isKeyword(term: Term, keyword: string): boolean {
  return term.kind === 'word' && !term.isQuoted && term.text.toLowerCase() === keyword;
}

function noField(field: string, names: readonly string[]): string {
  const similar = similarName(field, names);
  return similar === undefined
    ? `no field "${field}"; there are ${names.join(', ')}`
    : `no field "${field}"; did you mean "${similar}"?`;
}
