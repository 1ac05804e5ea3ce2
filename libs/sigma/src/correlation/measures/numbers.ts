import type { Bound, CorrelationRule } from '../correlation-rule.js';
import { keepsTo } from '../correlation-rule.js';
import type { Take } from '../routes.js';
import { maxEvidence } from '../state/evidence.js';
import type { Memory } from '../state/memory.js';
import type { Measure } from './measure.js';

const keeping = { textual: false, indexed: false };

/**
 * value_sum that is evaluated at every event. Nothing is ever subtracted, so that a huge number
 * leaves no rounding error when it leaves the window: each of the older entries holds the sum of
 * itself and the later older ones, `sum` is that of the newer ones, and `count` the number of older
 * ones. When no older ones are left, the newer ones take their place.
 */
export class NumberSum implements Measure {
  readonly keeping = keeping;
  readonly #bounds: readonly Bound[];

  constructor({ condition }: CorrelationRule) {
    this.#bounds = 'bounds' in condition ? condition.bounds : [];
  }

  add(memory: Memory, group: number, { value }: Take, timeMs: number, _: number, evidence: number): void {
    if (typeof value !== 'number') return;
    if (memory.entries.size(group) === memory.limits.maxPerGroup) {
      this.#removeOldest(memory, group);
      memory.dropEntry();
    }
    memory.append(group, timeMs, value, evidence);
    memory.groups.sum[group]! += value;
  }

  holds(memory: Memory, group: number, sinceMs: number): boolean {
    const { entries, groups } = memory;
    while (entries.size(group) > 0 && entries.timeMs[entries.oldest(group)]! < sinceMs)
      this.#removeOldest(memory, group);
    if (entries.size(group) === 0) return false;
    const older = groups.count[group]! > 0 ? entries.value[entries.oldest(group)]! : 0;
    return keepsTo(this.#bounds, older + groups.sum[group]!);
  }

  #removeOldest(memory: Memory, group: number): void {
    const { groups, entries } = memory;
    if (groups.count[group] === 0) {
      let sum = 0;
      for (let entry = entries.newest(group); entry !== -1; entry = entries.before(entry))
        entries.value[entry] = sum += entries.value[entry]!;
      groups.count[group] = entries.size(group);
      groups.sum[group] = 0;
    }
    memory.removeOldest(group);
    groups.count[group]! -= 1;
  }

  idsOf(memory: Memory, group: number): string[] {
    return memory.idsOf(group);
  }
}

/** Aggregates over the numbers of one window, evaluated at its close. */
export class NumbersOfWindow implements Measure {
  readonly keeping = keeping;
  readonly #bounds: readonly Bound[];
  /** Percentile, which needs all numbers; null for types that need only their sum and count. */
  readonly #percentile: number | null;

  constructor(private readonly rule: CorrelationRule) {
    this.#bounds = 'bounds' in rule.condition ? rule.condition.bounds : [];
    this.#percentile = rule.type === 'value_median' ? 50 : rule.percentile;
  }

  add(memory: Memory, group: number, { value }: Take, timeMs: number, _: number, evidence: number): void {
    if (typeof value !== 'number') return;
    memory.groups.count[group]! += 1;
    memory.groups.sum[group]! += value;
    const isFull = memory.entries.size(group) >= (this.#percentile === null ? maxEvidence : memory.limits.maxPerGroup);
    if (!isFull) memory.append(group, timeMs, value, evidence);
    else if (this.#percentile !== null) memory.dropEntry();
  }

  holds(memory: Memory, group: number): boolean {
    const count = memory.groups.count[group]!;
    return count > 0 && keepsTo(this.#bounds, this.#figure(memory, group, count));
  }

  #figure(memory: Memory, group: number, count: number): number {
    if (this.#percentile !== null) return percentileOf(valuesOf(memory, group), this.#percentile);
    const sum = memory.groups.sum[group]!;
    return this.rule.type === 'value_avg' ? sum / count : sum;
  }

  idsOf(memory: Memory, group: number): string[] {
    return memory.idsOf(group);
  }
}

function valuesOf({ entries }: Memory, group: number): Float64Array {
  const values = new Float64Array(entries.size(group));
  let index = 0;
  for (let entry = entries.oldest(group); entry !== -1; entry = entries.after(entry)) {
    values[index] = entries.value[entry]!;
    index += 1;
  }
  return values;
}

/** Interpolates linearly between ranks. @param values at least one; sorted in place */
export function percentileOf(values: Float64Array, percentile: number): number {
  values.sort();
  const rank = (percentile / 100) * (values.length - 1);
  const below = values[Math.floor(rank)]!;
  const above = values[Math.ceil(rank)]!;
  return below + (above - below) * (rank - Math.floor(rank));
}
