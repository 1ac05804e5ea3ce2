import type { Take } from '../routes.js';
import type { Keeping, Memory } from '../state/memory.js';

/** How one type of correlation remembers events and judges them. Time comes in order. */
export interface Measure {
  /** @param sinceMs begin of the window */
  add(memory: Memory, group: number, take: Take, timeMs: number, sinceMs: number, evidence: number): void;
  holds(memory: Memory, group: number, sinceMs: number): boolean;
  /** Events that make it hold. */
  idsOf(memory: Memory, group: number, sinceMs: number): string[];
  readonly keeping: Keeping;
}
