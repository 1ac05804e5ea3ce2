import { appliesTo } from './event.js';
import type { SigmaEvent } from './event.js';
import { leavesOf } from './expression.js';
import type { Leaf } from './expression.js';
import { EventView } from './matching/event-view.js';
import { interpreter } from './matching/interpret.js';
import type { Matcher } from './matching/interpret.js';
import type { DetectionRule } from './rule-document.js';
import type { RuleInfo } from './rule-info.js';

/** A rule that an event meets. */
export interface Match {
  rule: RuleInfo;
  /** Which questions had the answer that the rule wants, with what they found. */
  explain(): Explanation[];
}

export interface Explanation {
  /** `*` for a keyword. */
  field: string;
  /** Null where the field is missing or null. */
  value: string | null;
  /** As a rule would ask it. */
  test: string;
}

/** The rules that loaded, ready to be asked. */
export class RuleSet {
  readonly rules: readonly RuleInfo[];
  /** Every field that a rule asks for. */
  readonly fields: ReadonlySet<string>;
  readonly #matchers: readonly { rule: DetectionRule; matches: Matcher }[];

  constructor(
    detections: readonly DetectionRule[],
    private readonly parts: ReadonlySet<string> = new Set(),
    otherFields: Iterable<string> = [],
  ) {
    this.rules = detections.map(({ info }) => info);
    this.fields = new Set([
      ...detections.flatMap(({ expression }) => [...leavesOf(expression)].flatMap(fieldsOf)),
      ...otherFields,
    ]);
    this.#matchers = detections.map((rule) => ({ rule, matches: interpreter(rule.expression) }));
  }

  /** Whether a rule is only a part of a correlation, and raises nothing alone. */
  isPart({ id, name }: RuleInfo): boolean {
    return this.parts.has(id) || (name !== null && this.parts.has(name));
  }

  match(event: SigmaEvent): Match[] {
    const view = new EventView(event);
    return this.#matchers
      .filter(
        ({ rule, matches }) => event.logsources.some((source) => appliesTo(rule.logsource, source)) && matches(view),
      )
      .map(({ rule }) => ({ rule: rule.info, explain: () => [] }));
  }
}

function fieldsOf({ field, test }: Leaf): string[] {
  return [...(field === null ? [] : [field]), ...(test.kind === 'field' ? [test.other] : [])];
}
