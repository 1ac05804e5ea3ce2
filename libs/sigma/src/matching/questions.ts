import type { Expression, Leaf, Test } from '../expression.js';
import { anyRun, literalOf, written } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { leafAnswer } from './answers.js';
import type { Answer } from './answers.js';
import { requiredLiteral } from './required-literal.js';
import { TextScan } from './text-scan.js';
import type { LiteralQuestion } from './text-scan.js';
import { chain } from './tree.js';
import type { Tree } from './tree.js';

export interface Question {
  leaf: Leaf;
  /** Number of the scan that answers it together with others; null for one that is answered alone. */
  scan: number | null;
}

/** The questions that rules ask, each once however many rules ask it. */
export class Questions {
  readonly all: Question[] = [];
  /** Names of fields by number. */
  readonly fields: (string | null)[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #fieldNumbers = new Map<string | null, number>();
  readonly #scans: { field: number; isCased: boolean; literals: LiteralQuestion[]; numbers: Map<number, number> }[] =
    [];
  readonly #scanNumbers = new Map<string, number>();

  treeOf(expression: Expression): Tree {
    switch (expression.kind) {
      case 'and':
      case 'or':
        return chain(
          expression.kind,
          expression.parts.map((part) => this.treeOf(part)),
        );
      case 'not':
        return { op: 'not', part: this.treeOf(expression.part) };
      case 'leaf':
        return this.#treeOfLeaf(expression.leaf);
    }
  }

  scans(): TextScan[] {
    return this.#scans.map(({ field, isCased, literals, numbers }) => new TextScan(field, isCased, literals, numbers));
  }

  /** How each question is answered that no scan answers. */
  answers(): (Answer | null)[] {
    return this.all.map(({ leaf, scan }) =>
      scan === null ? leafAnswer(leaf, (name) => this.#fieldNumber(name)) : null,
    );
  }

  /** What is costly is asked only where the scan found what it needs. */
  #treeOfLeaf(leaf: Leaf): Tree {
    const required = requiredLiteral(leaf.test);
    const own: Tree = { op: 'ask', question: this.#number(leaf) };
    if (!required) return own;
    return { op: 'and', parts: [{ op: 'ask', question: this.#number({ field: leaf.field, test: required }) }, own] };
  }

  #number(leaf: Leaf): number {
    const key = JSON.stringify([leaf.field, testKey(leaf.test)]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.all.length;
    this.#numbers.set(key, number);
    this.all.push({ leaf, scan: this.#addToScan(leaf, number) });
    return number;
  }

  #addToScan({ field, test }: Leaf, id: number): number | null {
    if (test.kind === 'number') {
      const scan = this.#scanNumber(field, false);
      this.#scans[scan]!.numbers.set(test.number, id);
      return scan;
    }
    const literal = test.kind === 'text' ? literalQuestion(test.text) : undefined;
    if (test.kind !== 'text' || !literal) return null;
    const scan = this.#scanNumber(field, test.isCased);
    this.#scans[scan]!.literals.push({ ...literal, id });
    return scan;
  }

  #scanNumber(name: string | null, isCased: boolean): number {
    const field = this.#fieldNumber(name);
    const key = `${field} ${isCased}`;
    let number = this.#scanNumbers.get(key);
    if (number === undefined) {
      number = this.#scans.push({ field, isCased, literals: [], numbers: new Map() }) - 1;
      this.#scanNumbers.set(key, number);
    }
    return number;
  }

  #fieldNumber(name: string | null): number {
    let number = this.#fieldNumbers.get(name);
    if (number === undefined) {
      number = this.fields.push(name) - 1;
      this.#fieldNumbers.set(name, number);
    }
    return number;
  }
}

/** A string as a literal and its place; undefined for one with wildcards inside. */
function literalQuestion(string: SigmaString): Omit<LiteralQuestion, 'id'> | undefined {
  const opens = string[0] === anyRun;
  const closes = string.length > 1 && string.at(-1) === anyRun;
  const text = literalOf(string.slice(opens ? 1 : 0, closes ? -1 : undefined));
  if (text === undefined) return undefined;
  if (!opens && !closes) return { text, place: 'whole' };
  // A lone star asks for any text at all, and no literal is empty.
  if (text === '') return undefined;
  if (opens && closes) return { text, place: 'anywhere' };
  return { text, place: opens ? 'end' : 'start' };
}

function testKey(test: Test): unknown {
  switch (test.kind) {
    case 'text':
      return [test.kind, test.isCased, written(test.text)];
    case 'cidr':
      return [test.kind, test.network.text];
    default:
      return test;
  }
}
