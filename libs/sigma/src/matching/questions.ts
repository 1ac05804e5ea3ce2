import type { Expression, Leaf, Test } from '../expression.js';
import { written } from '../sigma-string.js';
import { leafAnswer, networksAnswer } from './answers.js';
import type { EventTest } from './answers.js';
import type { Network } from './cidr.js';
import type { EventView } from './event-view.js';
import { LiteralSearch } from './literal-search.js';
import { literalTest } from './literal-test.js';
import type { LiteralTest } from './literal-test.js';
import { patternGroups } from './pattern-groups.js';
import type { PatternGroup } from './pattern-groups.js';
import { PatternScan } from './pattern-scan.js';
import { isPattern, patternKey, seesCase } from './pattern-test.js';
import { requiredLiterals } from './required-literal.js';
import { isPart, TextScan } from './text-scan.js';
import type { ScannedLiteral } from './text-scan.js';
import { chain } from './tree.js';
import type { Tree } from './tree.js';

export type Question =
  /** Whether a field has one of the literals; evaluated with others in one pass over its texts. */
  | { kind: 'literals'; field: string | null; isCased: boolean; literals: readonly LiteralTest[] }
  /** Pattern, which is evaluated with the other patterns of a rule. */
  | { kind: 'pattern'; group: PatternGroup; place: number }
  /** Whether a field is an address in one of the networks. */
  | { kind: 'networks'; field: string | null; networks: readonly Network[] }
  /** Test that is evaluated alone. */
  | { kind: 'leaf'; leaf: Leaf };

type Literals = Extract<Question, { kind: 'literals' }>;

/** Evaluates several tests at once. */
export interface Scan {
  /**
   * Writes the tests that match to `found` and returns their number; a test may occur more than
   * once.
   */
  answer(view: EventView, found: number[]): number;
}

/** Scans, and the tests that they evaluate. */
export interface ScanPlan {
  scans: readonly Scan[];
  /** Searches that the scans share. */
  searches: readonly LiteralSearch[];
  /** Number of the scan of each test, or null. */
  scanOf: readonly (number | null)[];
}

/**
 * Number of alternatives above which a list becomes one test: which of them matches does not
 * matter, and thousands of results would stand for one.
 */
const longList = 24;

/** Deduplicated tests of all rules. */
export class Questions {
  readonly all: Question[] = [];
  /** Names of fields by number. */
  readonly fields: (string | null)[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #fieldNumbers = new Map<string | null, number>();
  /** Pattern groups of the expression that is being compiled. */
  #patterns: readonly PatternGroup[] = [];

  treeOf(expression: Expression): Tree {
    this.#patterns = patternGroups(expression);
    return this.#treeOf(expression);
  }

  #treeOf(expression: Expression): Tree {
    switch (expression.kind) {
      case 'and':
        return chain(
          'and',
          expression.parts.map((part) => this.#treeOf(part)),
        );
      case 'or':
        return this.#treeOfAlternatives(alternativesOf(expression));
      case 'not':
        return { op: 'not', part: this.#treeOf(expression.part) };
      case 'leaf':
        return this.#treeOfLeaf(expression.leaf);
    }
  }

  /**
   * Plans one scan for the literals of each field, another for cased ones, and one for each group
   * of patterns.
   */
  planScans(): ScanPlan {
    const scanOf = this.all.map((): number | null => null);
    const { scans, searches } = this.#planLiterals(scanOf);
    return { scans: [...scans, ...this.#planPatterns(scanOf, scans.length)], searches, scanOf };
  }

  /** Plans the scans of literals, with one search for all uncased and one for all cased scans. */
  #planLiterals(scanOf: (number | null)[]): { scans: Scan[]; searches: LiteralSearch[] } {
    const groups = new Map<string, { field: number; isCased: boolean; literals: ScannedLiteral[] }>();
    for (const [question, each] of this.all.entries()) {
      if (each.kind !== 'literals') continue;
      const { isCased, literals } = each;
      const field = this.#fieldNumber(each.field);
      const key = `${field} ${isCased}`;
      let group = groups.get(key);
      if (!group) groups.set(key, (group = { field, isCased, literals: [] }));
      for (const literal of literals) group.literals.push({ ...literal, question });
    }
    const planned = [...groups.values()];
    const searchOf = (cased: boolean) =>
      new LiteralSearch(
        planned.flatMap(({ isCased, literals }, scan) =>
          isCased === cased ? literals.filter(isPart).map((literal) => ({ ...literal, scan })) : [],
        ),
      );
    const [lower, cased] = [searchOf(false), searchOf(true)];
    const scans = planned.map(({ field, isCased, literals }, number) => {
      for (const { question } of literals) scanOf[question] = number;
      return new TextScan(number, field, isCased, literals, isCased ? cased : lower);
    });
    return { scans, searches: [lower, cased] };
  }

  #planPatterns(scanOf: (number | null)[], start: number): Scan[] {
    const groups = new Map<string, { group: PatternGroup; questions: number[] }>();
    for (const [question, each] of this.all.entries()) {
      if (each.kind !== 'pattern') continue;
      let planned = groups.get(each.group.key);
      if (!planned) groups.set(each.group.key, (planned = { group: each.group, questions: [] }));
      planned.questions[each.place] = question;
    }
    return [...groups.values()].map(({ group, questions }, index) => {
      for (const question of questions) scanOf[question] = start + index;
      return new PatternScan(this.#fieldNumber(group.field), group, questions);
    });
  }

  /** Returns how each test is evaluated alone; null for tests of scans. */
  answers(): (EventTest | null)[] {
    return this.all.map((question) => {
      if (question.kind === 'leaf') return leafAnswer(question.leaf, (name) => this.#fieldNumber(name));
      return question.kind === 'networks' ? networksAnswer(this.#fieldNumber(question.field), question.networks) : null;
    });
  }

  /** Combines a long list of literals to one test, and likewise a list of networks. */
  #treeOfAlternatives(parts: readonly Expression[]): Tree {
    const lists = Map.groupBy(parts, (part) => (part.kind === 'leaf' ? listKey(part.leaf) : null));
    const trees = [...lists].flatMap(([key, each]) => {
      const leaves = each.flatMap((part) => (part.kind === 'leaf' ? [part.leaf] : []));
      const together = key === null ? null : togetherOf(leaves);
      return together ? [this.#ask(together)] : each.map((part) => this.#treeOf(part));
    });
    return chain('or', trees);
  }

  /**
   * Guards a costly test with its required literals: it is only evaluated where the scan found
   * them.
   */
  #treeOfLeaf(leaf: Leaf): Tree {
    const own = this.#ask(this.#patternOf(leaf) ?? literalsOf(leaf) ?? { kind: 'leaf', leaf });
    const required = requiredLiterals(leaf.test).map((tests) =>
      this.#treeOfAlternatives(tests.map((test): Expression => ({ kind: 'leaf', leaf: { field: leaf.field, test } }))),
    );
    return chain('and', [...required, own]);
  }

  #patternOf({ field, test }: Leaf): Question | null {
    if (!isPattern(test)) return null;
    const group = this.#patterns.find((each) => each.field === field && each.isCased === seesCase(test))!;
    return { kind: 'pattern', group, place: group.places.get(patternKey(test))! };
  }

  #ask(question: Question): Tree {
    const key = keyOf(question);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.all.push(question) - 1;
      this.#numbers.set(key, number);
    }
    return { op: 'ask', question: number };
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

/** Flattens nested alternatives. */
function alternativesOf(expression: Expression): readonly Expression[] {
  return expression.kind === 'or' ? expression.parts.flatMap(alternativesOf) : [expression];
}

function literalsOf({ field, test }: Leaf): Literals | null {
  const literal = literalTest(test);
  return literal && { kind: 'literals', field, isCased: test.kind === 'text' && test.isCased, literals: [literal] };
}

/** Key of leaves that can be combined to one test; null for those that cannot. */
function listKey(leaf: Leaf): string | null {
  if (leaf.test.kind === 'cidr') return JSON.stringify([leaf.field, leaf.test.kind]);
  const literals = literalsOf(leaf);
  return literals && JSON.stringify([literals.field, literals.isCased]);
}

/** Combines leaves with the same key to one test; null where separate tests are better. */
function togetherOf(leaves: readonly Leaf[]): Question | null {
  const networks = leaves.flatMap(({ test }) => (test.kind === 'cidr' ? [test.network] : []));
  if (networks.length > 1) return { kind: 'networks', field: leaves[0]!.field, networks };
  const lists = leaves.flatMap((leaf) => literalsOf(leaf) ?? []);
  if (lists.length <= longList) return null;
  return { ...lists[0]!, literals: lists.flatMap(({ literals }) => literals) };
}

function keyOf(question: Question): string {
  switch (question.kind) {
    case 'literals':
      return JSON.stringify(question);
    case 'pattern':
      return `${question.place} ${question.group.key}`;
    case 'networks':
      return JSON.stringify([question.field, question.networks.map(({ text }) => text)]);
    case 'leaf':
      return JSON.stringify([question.leaf.field, testKey(question.leaf.test)]);
  }
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
