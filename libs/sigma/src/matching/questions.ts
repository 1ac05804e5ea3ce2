import type { Expression, Leaf, Test } from '../expression.js';
import { anyRun, literalOf, written } from '../sigma-string.js';
import { leafAnswer } from './answers.js';
import type { Answer } from './answers.js';
import { requiredLiterals } from './required-literal.js';
import { TextScan } from './text-scan.js';
import type { LiteralTest, ScannedLiteral } from './text-scan.js';
import { chain } from './tree.js';
import type { Tree } from './tree.js';

export interface Question {
  leaf: Leaf;
  /** What one pass over a text answers together with others; null for what is answered alone. */
  literal: LiteralTest | null;
}

/** Questions that are answered together, and which. */
export interface ScanPlan {
  scans: readonly TextScan[];
  /** By question: the number of its scan, or null. */
  scanOf: readonly (number | null)[];
}

/** The questions that rules ask, each once however many rules ask it. */
export class Questions {
  readonly all: Question[] = [];
  /** Names of fields by number. */
  readonly fields: (string | null)[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #fieldNumbers = new Map<string | null, number>();

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

  /** One scan for all literals of a field, and another one for those that are cased. */
  planScans(): ScanPlan {
    const groups = new Map<string, { field: number; isCased: boolean; literals: ScannedLiteral[] }>();
    for (const [id, { leaf, literal }] of this.all.entries()) {
      if (!literal) continue;
      const isCased = leaf.test.kind === 'text' && leaf.test.isCased;
      const field = this.#fieldNumber(leaf.field);
      const key = `${field} ${isCased}`;
      const group = groups.get(key);
      if (group) group.literals.push({ ...literal, id });
      else groups.set(key, { field, isCased, literals: [{ ...literal, id }] });
    }
    const scanOf = this.all.map((): number | null => null);
    const scans = [...groups.values()].map(({ field, isCased, literals }, number) => {
      for (const { id } of literals) scanOf[id] = number;
      return new TextScan(field, isCased, literals);
    });
    return { scans, scanOf };
  }

  /** How each question is answered alone. */
  answers(): (Answer | null)[] {
    return this.all.map(({ leaf, literal }) => (literal ? null : leafAnswer(leaf, (name) => this.#fieldNumber(name))));
  }

  /** What is costly is asked only where the scan found what it needs. */
  #treeOfLeaf(leaf: Leaf): Tree {
    const required = requiredLiterals(leaf.test);
    const own: Tree = { op: 'ask', question: this.#number(leaf) };
    if (required.length === 0) return own;
    const literals = required.map((test): Tree => ({ op: 'ask', question: this.#number({ field: leaf.field, test }) }));
    return { op: 'and', parts: [chain('or', literals), own] };
  }

  #number(leaf: Leaf): number {
    const key = JSON.stringify([leaf.field, testKey(leaf.test)]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.all.length;
    this.#numbers.set(key, number);
    this.all.push({ leaf, literal: literalTest(leaf.test) });
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

/** A test as one for a literal and its place; null for one with wildcards inside, or of another kind. */
export function literalTest(test: Test): LiteralTest | null {
  if (test.kind === 'number') return { text: String(test.number), place: 'number' };
  if (test.kind !== 'text') return null;
  const opens = test.text[0] === anyRun;
  const closes = test.text.length > 1 && test.text.at(-1) === anyRun;
  const text = literalOf(test.text.slice(opens ? 1 : 0, closes ? -1 : undefined));
  if (text === undefined) return null;
  if (!opens && !closes) return { text, place: 'whole' };
  // A lone star asks for any text at all, and no literal is empty.
  if (text === '') return null;
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
