import { appliesTo } from './event.js';
import type { LogSource, SigmaEvent } from './event.js';
import { Explainer, type Explanation } from './explain.js';
import { leavesOf } from './expression.js';
import type { Leaf } from './expression.js';
import { MatchEngine } from './matching/engine.js';
import type { DetectionRule } from './rule-document.js';
import type { RuleInfo } from './rule-info.js';

/** Rule that an event matches. */
export interface RuleMatch {
  rule: RuleInfo;
  /** Returns the fields of the event that made the rule match. */
  explain(): readonly Explanation[];
}

export interface RuleSetOptions {
  /** Ids and names of rules that raise no alert alone. */
  parts?: ReadonlySet<string>;
  /** Fields that other components read. */
  otherFields?: Iterable<string>;
  /** Evaluates rules without generated code; slower, with the same results. */
  isInterpreted?: boolean;
  /**
   * Previous rule set, whose engines are reused for the kinds of events to which the same rules
   * apply.
   */
  previous?: RuleSet;
}

/** Rules for one kind of events. */
interface RoutedRules {
  engine: MatchEngine;
  rules: readonly DetectionRule[];
}

/** Limit on kinds of events with an engine; in practice there are few. */
const maxEngines = 256;

/** Rules that are matched against events. */
export class RuleSet {
  readonly rules: readonly RuleInfo[];
  /** Fields that rules and other components read. */
  readonly fields: ReadonlySet<string>;
  readonly #parts: ReadonlySet<string>;
  readonly #isInterpreted: boolean;
  /** Engines by kind of event, built at the first event of the kind. */
  readonly #engines = new Map<string, RoutedRules>();
  readonly #previous: ReadonlyMap<string, RoutedRules>;
  /** Built when a rule is first explained. */
  readonly #explainers = new WeakMap<DetectionRule, Explainer>();

  /** Last engine: events of one kind often come in sequence, with the same list object. */
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
    // Engines of the other mode must not be reused.
    this.#previous = previous && previous.#isInterpreted === isInterpreted ? previous.#engines : new Map();
  }

  /** Whether a rule is only a part of a correlation, and raises no alert alone. */
  isPart({ id, name }: RuleInfo): boolean {
    return this.#parts.has(id) || (name !== null && this.#parts.has(name));
  }

  /** Returns the log source of a rule; undefined for one that is not in this set. */
  logsourceOf(rule: RuleInfo): LogSource | undefined {
    return this.detections.find(({ info }) => info === rule)?.logsource;
  }

  /** Returns the fields that a rule reads; none for one that is not in this set. */
  fieldsOf(rule: RuleInfo): readonly string[] {
    const found = this.detections.find(({ info }) => info === rule);
    return found === undefined ? [] : [...leavesOf(found.expression)].flatMap(fieldsOf);
  }

  /** Returns the rules that the event matches, in the order in which they were loaded. */
  match(event: SigmaEvent): readonly RuleMatch[] {
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
    return { rules, engine: new MatchEngine(expressions, this.#isInterpreted) };
  }
}

const noMatches: readonly RuleMatch[] = [];

function isSame(before: readonly DetectionRule[], now: readonly DetectionRule[]): boolean {
  return before.length === now.length && before.every((rule, index) => rule === now[index]);
}

function fieldsOf({ field, test }: Leaf): string[] {
  return [...(field === null ? [] : [field]), ...(test.kind === 'field' ? [test.other] : [])];
}
