import type { SigmaEvent } from '../event.js';
import type { Expression } from '../expression.js';
import { compile } from './compile.js';
import { interpret } from './interpret.js';
import type { LiteralTest } from './literal-test.js';
import { Memo } from './memo.js';
import { Questions } from './questions.js';
import type { Question, ScanPlan } from './questions.js';
import { cheapFirst } from './tree.js';
import type { Tree } from './tree.js';
import { witnessOf } from './witness.js';

interface Entry {
  tree: Tree;
  /** Lazy: most rules are never evaluated. */
  matches: (() => boolean) | undefined;
  /** Number of the last event that contained its witness. */
  seenWith: number;
}

/** Evaluates many expressions against one event after the other. */
export class MatchEngine {
  readonly #plan: ScanPlan;
  readonly #entries: Entry[];
  readonly #memo: Memo;
  /**
   * By test the expressions that can only match if this test, or another of their witness, does.
   */
  readonly #witnessed: (number[] | null)[];
  /** Scans that evaluate such tests. */
  readonly #probes: readonly number[];
  /** Expressions without a witness, which are evaluated for every event. */
  readonly #always: readonly number[];
  /** Candidates of the current event: `always`, and those whose witness was found. */
  readonly #candidates: number[];

  constructor(
    expressions: readonly Expression[],
    private readonly isInterpreted: boolean,
  ) {
    const questions = new Questions();
    const trees = expressions.map((expression) => questions.treeOf(expression));
    const costs = questions.all.map(costOf);
    this.#entries = trees.map((tree) => ({
      tree: cheapFirst(tree, (question) => costs[question]!),
      matches: undefined,
      seenWith: 0,
    }));
    const rates = questions.all.map(rateOf);
    const always: number[] = [];
    this.#witnessed = questions.all.map(() => null);
    for (const [index, { tree }] of this.#entries.entries()) {
      const witness = witnessOf(tree, (question) => rates[question]);
      if (!witness) always.push(index);
      for (const question of new Set(witness?.questions)) (this.#witnessed[question] ??= []).push(index);
    }
    this.#always = always;
    this.#candidates = [...always];
    this.#plan = questions.planScans();
    this.#probes = [
      ...new Set(this.#witnessed.flatMap((pointedTo, question) => (pointedTo && this.#plan.scanOf[question]) ?? [])),
    ];
    this.#memo = new Memo(questions, this.#plan);
  }

  /** Returns the numbers of the expressions that match, in order. */
  match(event: SigmaEvent): readonly number[] {
    this.#memo.look(event);
    const count = this.#lookForWitnesses();
    let matched: number[] | undefined;
    for (let index = 0; index < count; index += 1) {
      const candidate = this.#candidates[index]!;
      if (this.#holds(this.#entries[candidate]!)) (matched ??= []).push(candidate);
    }
    return matched?.sort((a, b) => a - b) ?? none;
  }

  /** Writes the expressions that may match to `candidates` and returns their number. */
  #lookForWitnesses(): number {
    const memo = this.#memo;
    let count = this.#always.length;
    for (const probe of this.#probes) {
      const found = memo.scan(probe);
      for (let index = 0; index < found; index += 1) {
        const pointedTo = this.#witnessed[memo.found[index]!];
        if (!pointedTo) continue;
        for (const candidate of pointedTo) {
          const entry = this.#entries[candidate]!;
          if (entry.seenWith === memo.event) continue;
          entry.seenWith = memo.event;
          this.#candidates[count++] = candidate;
        }
      }
    }
    return count;
  }

  #holds(entry: Entry): boolean {
    if (this.isInterpreted) return interpret(entry.tree, this.#memo);
    entry.matches ??= compile(entry.tree, this.#memo, this.#plan.scanOf);
    return entry.matches();
  }
}

const none: readonly number[] = [];

/**
 * Estimated rate of a literal: halves with each character, and is higher for keywords, which see
 * all values.
 */
function rateOf(question: Question): number | undefined {
  if (question.kind !== 'literals') return undefined;
  const ofEvery = question.field === null ? 16 : 1;
  return question.literals.reduce((sum, literal) => sum + ofEvery * literalRate(literal), 0);
}

function literalRate({ text, place }: LiteralTest): number {
  if (place === 'number') return 1 / 8;
  const isSwitch = place === 'whole' && (text === 'true' || text === 'false');
  return isSwitch ? 1 / 2 : 2 ** -Math.min(text.length, 24) * 2;
}

/** Relative cost of a test. */
function costOf(question: Question): number {
  if (question.kind === 'literals') return question.field === null ? 2 : 1;
  return question.kind === 'pattern' ? 4 : 3;
}
