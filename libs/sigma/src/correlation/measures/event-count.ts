import type { Bound, CorrelationRule } from '../correlation-rule.js';
import { countNeeded, keepsTo } from '../correlation-rule.js';
import type { Take } from '../routes.js';
import { maxEvidence } from '../state/evidence.js';
import type { Memory } from '../state/memory.js';
import type { Measure } from './measure.js';

/**
 * event_count: keeps as many of the latest events as the bound needs; for a window that is
 * evaluated at its close, their number and the first of them.
 */
export class EventCount implements Measure {
  readonly keeping = { textual: false, indexed: false };
  readonly #bounds: readonly Bound[];
  readonly #needed: number;

  constructor(
    { condition }: CorrelationRule,
    private readonly isEvaluatedAtClose: boolean,
  ) {
    this.#bounds = 'bounds' in condition ? condition.bounds : [];
    this.#needed = isEvaluatedAtClose ? maxEvidence : countNeeded(this.#bounds);
  }

  add(memory: Memory, group: number, _: Take, timeMs: number, __: number, evidence: number): void {
    memory.groups.count[group]! += 1;
    const isFull = memory.entries.size(group) === this.#needed;
    if (isFull && this.isEvaluatedAtClose) return;
    if (isFull) memory.removeOldest(group);
    memory.append(group, timeMs, 0, evidence);
  }

  holds(memory: Memory, group: number, sinceMs: number): boolean {
    if (this.isEvaluatedAtClose) return keepsTo(this.#bounds, memory.groups.count[group]!);
    memory.removeBefore(group, sinceMs);
    return keepsTo(this.#bounds, memory.entries.size(group));
  }

  idsOf(memory: Memory, group: number): string[] {
    return memory.idsOf(group);
  }
}
