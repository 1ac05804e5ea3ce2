import type { SigmaEvent } from './event.js';
import { leavesOf } from './expression.js';
import type { Expression, Leaf, Test } from './expression.js';
import { type EventTest, leafAnswer, textTest } from './matching/answers.js';
import { EventView } from './matching/event-view.js';
import { anyRun, written } from './sigma-string.js';

/** Test of a rule, with the value that it matched. */
export interface Explanation {
  /** `*` for a keyword, which may be in any field. */
  field: string;
  /** Truncated when it is long; null where the field is missing or null. */
  value: string | null;
  /** `endswith /curl`, `not = root` */
  test: string;
}

const maxShown = 100;
/** Limit on negated tests, which explain little and are only shown when there is no other test. */
const maxNegative = 10;
const maxValueLength = 1_000;

interface Why {
  found: readonly Explanation[];
  absent: readonly Explanation[];
}

const nothing: Why = { found: [], absent: [] };

/** Compiled leaf, with its description. */
interface AskedLeaf {
  answer: EventTest;
  test: string;
}

/**
 * Explains why an expression matches, reused for many events: a rule that is a part of a
 * correlation may match every second event.
 */
export class Explainer {
  readonly #view: EventView;
  readonly #numberOf: (name: string | null) => number;
  readonly #leaves: ReadonlyMap<Leaf, AskedLeaf>;

  constructor(private readonly expression: Expression) {
    const leaves = [...leavesOf(expression)];
    const fields = [
      ...new Set(leaves.flatMap(({ field, test }) => (test.kind === 'field' ? [field, test.other] : [field]))),
    ];
    this.#view = new EventView(fields);
    this.#numberOf = (name) => fields.indexOf(name);
    this.#leaves = new Map(
      leaves.map((leaf) => [leaf, { answer: leafAnswer(leaf, this.#numberOf), test: describe(leaf.test) }]),
    );
  }

  explain(event: SigmaEvent): readonly Explanation[] {
    this.#view.look(event);
    const { found, absent } = this.#why(this.expression, true) ?? nothing;
    return found.length > 0 ? found.slice(0, maxShown) : absent.slice(0, maxNegative);
  }

  /** Returns why the expression has the value `isSo`; undefined when it does not have it. */
  #why(expression: Expression, isSo: boolean): Why | undefined {
    switch (expression.kind) {
      case 'leaf':
        return this.#whyLeaf(expression.leaf, isSo);
      case 'not':
        return this.#why(expression.part, !isSo);
      default:
        return (expression.kind === 'and') === isSo
          ? this.#whyAll(expression.parts, isSo)
          : this.#whyOne(expression.parts, isSo);
    }
  }

  #whyAll(parts: readonly Expression[], isSo: boolean): Why | undefined {
    const all = parts.map((part) => this.#why(part, isSo));
    if (!all.every((why) => why !== undefined)) return undefined;
    return { found: all.flatMap(({ found }) => found), absent: all.flatMap(({ absent }) => absent) };
  }

  #whyOne(parts: readonly Expression[], isSo: boolean): Why | undefined {
    for (const part of parts) {
      const why = this.#why(part, isSo);
      if (why) return why;
    }
    return undefined;
  }

  #whyLeaf(leaf: Leaf, isSo: boolean): Why | undefined {
    const { answer, test } = this.#leaves.get(leaf)!;
    if (answer(this.#view) !== isSo) return undefined;
    const explanation = { field: leaf.field ?? '*', value: this.#valueOf(leaf), test: isSo ? test : `not ${test}` };
    return isSo ? { found: [explanation], absent: [] } : { found: [], absent: [explanation] };
  }

  /** Returns, of several texts, the one that the test accepts. */
  #valueOf({ field, test }: Leaf): string | null {
    const raw = this.#view.raw(this.#numberOf(field));
    const value = raw[Math.max(0, this.#acceptedOf(field, test))];
    return value?.slice(0, maxValueLength) ?? null;
  }

  #acceptedOf(field: string | null, test: Test): number {
    if (test.kind === 'null' || test.kind === 'exists' || test.kind === 'field') return 0;
    const isLower = test.kind === 'text' && !test.isCased;
    const number = this.#numberOf(field);
    return (isLower ? this.#view.lower(number) : this.#view.raw(number)).findIndex(textTest(test));
  }
}

/** Describes a test in Sigma's syntax. */
function describe(test: Test): string {
  switch (test.kind) {
    case 'text':
      return describeText(test);
    case 'number':
      return `= ${test.number}`;
    case 'null':
      return '= null';
    case 'exists':
      return 'exists';
    case 'regex':
      return `re ${test.source}`;
    case 'compare':
      return `${test.comparison} ${test.number}`;
    case 'cidr':
      return `cidr ${test.network.text}`;
    case 'time-part':
      return `${test.part} ${test.comparison} ${test.number}`;
    case 'field':
      return test.position === 'equals' ? `= field ${test.other}` : `${test.position} field ${test.other}`;
  }
}

function describeText({ text }: Extract<Test, { kind: 'text' }>): string {
  const opens = text[0] === anyRun;
  const closes = text.length > 1 && text.at(-1) === anyRun;
  const inner = written(text.slice(opens ? 1 : 0, closes ? -1 : undefined));
  if (opens && closes) return `contains ${inner}`;
  if (opens && inner !== '') return `endswith ${inner}`;
  return closes ? `startswith ${inner}` : `= ${written(text)}`;
}
