import type { CorrelationCondition, CorrelationRule } from '../correlation-rule.js';
import { keepsTo } from '../correlation-rule.js';
import { holds } from '../expression.js';
import type { Take } from '../routes.js';
import type { Keeping, Memory } from '../state/memory.js';
import { maxWalk } from '../state/memory.js';
import type { Chains } from './chains.js';
import { chainsOf, sizeOf } from './chains.js';
import type { Measure } from './measure.js';

/** temporal_ordered: keeps for each chain of steps the latest start time of a complete one. */
export class OrderedChains implements Measure {
  readonly keeping: Keeping;
  readonly #chains: Chains;
  readonly #condition: CorrelationCondition;
  readonly #rules: readonly string[];

  constructor(rule: CorrelationRule) {
    this.#chains = chainsOf(rule);
    this.#condition = rule.condition;
    this.#rules = rule.rules;
    this.keeping = { textual: false, indexed: this.#chains.masks.length > maxWalk };
  }

  add(memory: Memory, group: number, { positions }: Take, timeMs: number, sinceMs: number, evidence: number): void {
    for (const chain of this.#endingWith(positions)) {
      const before = this.#chains.before[chain]!;
      if (before === -1) {
        this.#reach(memory, group, chain, timeMs, evidence);
        continue;
      }
      const shorter = memory.findEntry(group, before);
      if (shorter === -1 || memory.entries.timeMs[shorter]! < sinceMs) continue;
      const joined = memory.evidence.join(memory.entries.evidence[shorter]!, evidence);
      this.#reach(memory, group, chain, memory.entries.timeMs[shorter]!, joined);
      memory.evidence.release(joined);
    }
  }

  /**
   * Returns the chains that end with one of the steps, longer ones first: an event must not extend
   * a chain that it has just completed itself.
   */
  #endingWith(positions: readonly number[]): readonly number[] {
    if (positions.length === 1) return this.#chains.endingWith[positions[0]!]!;
    return [...new Set(positions)].flatMap((step) => this.#chains.endingWith[step]!).toSorted((a, b) => b - a);
  }

  #reach(memory: Memory, group: number, chain: number, beganMs: number, evidence: number): void {
    const known = memory.findEntry(group, chain);
    if (known === -1) memory.append(group, beganMs, chain, evidence);
    else if (beganMs >= memory.entries.timeMs[known]!) memory.renew(group, known, beganMs, evidence);
  }

  holds(memory: Memory, group: number, sinceMs: number): boolean {
    return this.#decides(memory, group, sinceMs) !== undefined;
  }

  idsOf(memory: Memory, group: number, sinceMs: number): string[] {
    const deciding = this.#decides(memory, group, sinceMs) ?? -1;
    return deciding === -1 ? memory.idsOf(group) : [...memory.evidence.idsOf(memory.entries.evidence[deciding]!)];
  }

  /**
   * Returns the entry that meets the condition; -1 when it is met without any, undefined when it is
   * not met.
   */
  #decides(memory: Memory, group: number, sinceMs: number): number | undefined {
    const reached = this.#reached(memory, group, sinceMs);
    const condition = this.#condition;
    if ('bounds' in condition) {
      const longest = reached.at(-1);
      return keepsTo(condition.bounds, longest ? sizeOf(longest.mask) : 0) ? (longest?.entry ?? -1) : undefined;
    }
    const isSeen = (rule: string) => reached.some(({ mask }) => mask & (1 << this.#rules.indexOf(rule)));
    const decides = (mask: number) =>
      holds(condition.expression, (rule) => (mask & (1 << this.#rules.indexOf(rule))) !== 0, isSeen);
    const deciding = reached.findLast(({ mask }) => decides(mask));
    return deciding ? deciding.entry : decides(0) ? -1 : undefined;
  }

  /** Returns the complete chains, sorted by number of steps. */
  #reached(memory: Memory, group: number, sinceMs: number): { mask: number; entry: number }[] {
    const reached: { mask: number; entry: number }[] = [];
    for (let entry = memory.entries.oldest(group); entry !== -1; entry = memory.entries.after(entry))
      if (memory.entries.timeMs[entry]! >= sinceMs)
        reached.push({ mask: this.#chains.masks[memory.entries.value[entry]!]!, entry });
    return reached.sort((a, b) => sizeOf(a.mask) - sizeOf(b.mask));
  }
}
