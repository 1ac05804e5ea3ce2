import { appliesTo } from './event.js';
import type { LogSource, SigmaEvent } from './event.js';
import { Explainer, type Explanation } from './explain.js';
import { leavesOf } from './expression.js';
import type { Leaf } from './expression.js';
import { Engine } from './matching/engine.js';
import type { DetectionRule } from './rule-document.js';
import type { RuleInfo } from './rule-info.js';

/** A rule that an event meets. */
export interface Match {
  rule: RuleInfo;
  /** What the event has that the rule asks for. */
  explain(): readonly Explanation[];
}

export interface RuleSetOptions {
  /** Ids and names of rules that raise nothing alone. */
  parts?: ReadonlySet<string>;
  /** Fields that others than the rules ask for. */
  otherFields?: Iterable<string>;
  /** Answers without code made from text; slower, with the same answers. */
  isInterpreted?: boolean;
  /** What was there before, whose index is kept for the kinds of events that the same rules are about. */
  previous?: RuleSet;
}

/** The rules for one kind of events. */
interface RoutedRules {
  engine: Engine;
  rules: readonly DetectionRule[];
}

/** Kinds of events; those that come are few. */
const maxEngines = 256;

/** Rules that can be asked about events. */
export class RuleSet {
  readonly rules: readonly RuleInfo[];
  /** Every field that a rule asks for. */
  readonly fields: ReadonlySet<string>;
  readonly #parts: ReadonlySet<string>;
  readonly #isInterpreted: boolean;
  /** Made when the first event of a kind comes. */
  readonly #engines = new Map<string, RoutedRules>();
  readonly #previous: ReadonlyMap<string, RoutedRules>;
  /** Made when a rule is first explained. */
  readonly #explainers = new WeakMap<DetectionRule, Explainer>();

  /** Events of one kind often come together, and with the same list. */
  #last: (RoutedRules & { logsources: readonly LogSource[] }) | undefined;

  constructor(
    private readonly detections: readonly DetectionRule[],
    { parts = new Set(), otherFields = [], isInterpreted = false, previous }: RuleSetOptions = {},
  ) {
    this.rules = detections.map(({ info }) => info);
    const asked = detections.flatMap(({ expression }) => [...leavesOf(expression)].flatMap(fieldsOf));
    this.fields = new Set([...asked, ...otherFields]);
    this.#parts = parts;
    this.#isInterpreted = isInterpreted;
    // Of the other kind, it would answer in the other way.
    this.#previous = previous && previous.#isInterpreted === isInterpreted ? previous.#engines : new Map();
  }

  /** Whether a rule is only a part of a correlation, and raises nothing alone. */
  isPart({ id, name }: RuleInfo): boolean {
    return this.#parts.has(id) || (name !== null && this.#parts.has(name));
  }

  /** What the rule is about; undefined for one that is not of this set. */
  logsourceOf(rule: RuleInfo): LogSource | undefined {
    return this.detections.find(({ info }) => info === rule)?.logsource;
  }

  /** The fields that a rule asks for; none of one that is not of this set. */
  fieldsOf(rule: RuleInfo): readonly string[] {
    const found = this.detections.find(({ info }) => info === rule);
    return found === undefined ? [] : [...leavesOf(found.expression)].flatMap(fieldsOf);
  }

  /** The rules that the event meets, in the order in which they were loaded. */
  match(event: SigmaEvent): readonly Match[] {
    const { engine, rules } = this.#engineFor(event.logsources);
    const matched = engine.match(event);
    if (matched.length === 0) return noMatches;
    return matched.map((index) => {
      const rule = rules[index]!;
      return { rule: rule.info, explain: () => this.#explain(rule, event) };
    });
  }

  #explain(rule: DetectionRule, event: SigmaEvent): readonly Explanation[] {
    let explainer = this.#explainers.get(rule);
    if (!explainer) this.#explainers.set(rule, (explainer = new Explainer(rule.expression)));
    return explainer.explain(event);
  }

  #engineFor(logsources: readonly LogSource[]): RoutedRules {
    if (logsources === this.#last?.logsources) return this.#last;
    const key = logsources.map(({ product, category, service }) => `${product}\n${category}\n${service}`).join('\n\n');
    let found = this.#engines.get(key);
    if (!found) {
      found = this.#route(logsources, this.#previous.get(key));
      if (this.#engines.size >= maxEngines) this.#engines.clear();
      this.#engines.set(key, found);
    }
    this.#last = { ...found, logsources };
    return found;
  }

  #route(logsources: readonly LogSource[], before: RoutedRules | undefined): RoutedRules {
    const rules = this.detections.filter(({ logsource }) => logsources.some((each) => appliesTo(logsource, each)));
    if (before && isSame(before.rules, rules)) return before;
    const expressions = rules.map(({ expression }) => expression);
    return { rules, engine: new Engine(expressions, this.#isInterpreted) };
  }
}

const noMatches: readonly Match[] = [];

function isSame(before: readonly DetectionRule[], now: readonly DetectionRule[]): boolean {
  return before.length === now.length && before.every((rule, index) => rule === now[index]);
}

function fieldsOf({ field, test }: Leaf): string[] {
  return [...(field === null ? [] : [field]), ...(test.kind === 'field' ? [test.other] : [])];
}
