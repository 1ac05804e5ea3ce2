import type { Take } from '../routes.js';
import type { Keeping, Memory } from '../state/memory.js';

/**
 * Aggregation of one type of correlation: how it stores events and evaluates its condition. Times
 * must be in order.
 */
export interface Measure {
  /** @param sinceMs start of the window */
  add(memory: Memory, group: number, take: Take, timeMs: number, sinceMs: number, evidence: number): void;
  holds(memory: Memory, group: number, sinceMs: number): boolean;
  /** Returns the ids of the events that meet the condition. */
  idsOf(memory: Memory, group: number, sinceMs: number): string[];
  readonly keeping: Keeping;
}
