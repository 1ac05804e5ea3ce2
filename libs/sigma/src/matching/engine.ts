import type { SigmaEvent } from '../event.js';
import type { Expression, Leaf } from '../expression.js';
import { compile } from './compile.js';
import { interpret } from './interpret.js';
import { Memo } from './memo.js';
import { Questions } from './questions.js';
import type { Question, ScanPlan } from './questions.js';
import { cheapFirst } from './tree.js';
import type { Tree } from './tree.js';
import { witnessOf } from './witness.js';

interface Entry {
  tree: Tree;
  /** Made when the rule is first looked at: most never are. */
  matches: (() => boolean) | undefined;
  /** Number of the last event that had its witness. */
  seenWith: number;
}

/** Answers many expressions about one event after the other. */
export class Engine {
  readonly #plan: ScanPlan;
  readonly #entries: Entry[];
  readonly #memo: Memo;
  /** By question: the expressions that can hold only if its answer, or that of another one of theirs, is yes. */
  readonly #witnessed: (number[] | undefined)[] = [];
  /** Scans that answer such questions. */
  readonly #probes: readonly number[];
  /** Expressions that nothing points to. */
  readonly #always: number[] = [];

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
    const rates = questions.all.map(({ leaf, literal }) => (literal ? rateOf(leaf) : undefined));
    for (const [index, { tree }] of this.#entries.entries()) {
      const witness = witnessOf(tree, (question) => rates[question]);
      if (!witness) this.#always.push(index);
      for (const question of new Set(witness?.questions)) (this.#witnessed[question] ??= []).push(index);
    }
    this.#plan = questions.planScans();
    this.#probes = [...new Set(this.#witnessed.flatMap((_, question) => this.#plan.scanOf[question] ?? []))];
    this.#memo = new Memo(questions, this.#plan);
  }

  /** Numbers of the expressions that hold, in their order. */
  match(event: SigmaEvent): number[] {
    const memo = this.#memo;
    memo.look(event);
    const candidates = [...this.#always];
    for (const probe of this.#probes) {
      const count = memo.scan(probe);
      for (let index = 0; index < count; index += 1) {
        for (const candidate of this.#witnessed[memo.found[index]!] ?? none) {
          const entry = this.#entries[candidate]!;
          if (entry.seenWith === memo.event) continue;
          entry.seenWith = memo.event;
          candidates.push(candidate);
        }
      }
    }
    return candidates.filter((candidate) => this.#holds(this.#entries[candidate]!)).sort((a, b) => a - b);
  }

  #holds(entry: Entry): boolean {
    if (this.isInterpreted) return interpret(entry.tree, this.#memo);
    entry.matches ??= compile(entry.tree, this.#memo, this.#plan.scanOf);
    return entry.matches();
  }
}

const none: readonly number[] = [];

/** How often a literal is thought to be found: half as often with each character. What is told of everything is told often. */
function rateOf({ field, test }: Leaf): number {
  const ofEvery = field === null ? 16 : 1;
  if (test.kind !== 'text') return ofEvery / 8;
  const length = test.text.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
  const isSwitch = test.text.length === 1 && (test.text[0] === 'true' || test.text[0] === 'false');
  return isSwitch ? ofEvery / 2 : ofEvery * 2 ** -Math.min(length, 24);
}

/** How much is done to answer a question. */
function costOf({ leaf: { field, test }, literal }: Question): number {
  if (literal) return field === null ? 2 : 1;
  return test.kind === 'regex' ? 5 : test.kind === 'text' ? 4 : 3;
}
