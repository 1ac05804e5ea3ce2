import type { CorrelationCondition, CorrelationRule } from '../correlation-rule.js';
import { countNeeded, keepsTo } from '../correlation-rule.js';
import { holds } from '../expression.js';
import type { Take } from '../routes.js';
import { textOf } from '../scalar.js';
import type { Keeping, Memory } from '../state/memory.js';
import { maxWalk } from '../state/memory.js';
import type { Measure } from './measure.js';

/**
 * value_count and temporal: keeps the last time of each value, or of each rule. For a bound on a
 * number, only the latest values are kept, at most one more than the number.
 */
export class LatestOfEach implements Measure {
  readonly keeping: Keeping;
  readonly #condition: CorrelationCondition;
  readonly #rules: readonly string[];
  readonly #countsValues: boolean;
  readonly #needed: number;

  constructor(
    { type, rules, condition }: CorrelationRule,
    private readonly isEvaluatedAtClose: boolean,
  ) {
    this.#condition = condition;
    this.#rules = rules;
    this.#countsValues = type === 'value_count';
    this.#needed = isEvaluatedAtClose || 'expression' in condition ? Infinity : countNeeded(condition.bounds);
    const most = this.#countsValues ? this.#needed : Math.min(this.#needed, rules.length);
    this.keeping = { textual: this.#countsValues, indexed: most > maxWalk };
  }

  add(memory: Memory, group: number, take: Take, timeMs: number, _: number, evidence: number): void {
    if (!this.#countsValues)
      for (const position of take.positions) this.#see(memory, group, position, timeMs, evidence);
    else if (take.value !== undefined) {
      const text = memory.texts.hold(textOf(take.value));
      // An existing entry already holds its text.
      if (!this.#see(memory, group, text, timeMs, evidence)) memory.texts.release(text);
    }
  }

  /**
   * Returns whether an entry was added; otherwise an existing one was updated, or the group was
   * full.
   */
  #see(memory: Memory, group: number, value: number, timeMs: number, evidence: number): boolean {
    const known = memory.findEntry(group, value);
    if (known !== -1) {
      memory.renew(group, known, timeMs, evidence);
      return false;
    }
    const size = memory.entries.size(group);
    if (size >= Math.min(this.#needed, memory.limits.maxPerGroup)) {
      if (size < this.#needed) memory.dropEntry();
      if (this.isEvaluatedAtClose) return false;
      memory.removeOldest(group);
    }
    memory.append(group, timeMs, value, evidence);
    return true;
  }

  holds(memory: Memory, group: number, sinceMs: number): boolean {
    memory.removeBefore(group, sinceMs);
    const condition = this.#condition;
    if ('bounds' in condition) return keepsTo(condition.bounds, memory.entries.size(group));
    const seen = new Set<string>();
    for (let entry = memory.entries.oldest(group); entry !== -1; entry = memory.entries.after(entry))
      seen.add(this.#rules[memory.entries.value[entry]!]!);
    return holds(condition.expression, (rule) => seen.has(rule));
  }

  idsOf(memory: Memory, group: number): string[] {
    return memory.idsOf(group);
  }
}
