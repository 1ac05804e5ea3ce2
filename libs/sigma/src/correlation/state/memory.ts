import type { Scalar } from '../scalar.js';
import { Entries } from './entries.js';
import { Evidence, latestIds, maxEvidence } from './evidence.js';
import { Groups } from './groups.js';
import { Texts } from './texts.js';

export interface MemoryLimits {
  /** Limit on live groups of all correlations together; above it the oldest group is evicted. */
  maxGroups: number;
  /** Limit on entries of all groups together; the last remaining group may exceed it. */
  maxEntries: number;
  /** Limit on entries of one group. */
  maxPerGroup: number;
}

/** Storage options of a correlation's entries. */
export interface Keeping {
  /** Whether values are indexes of texts. */
  textual: boolean;
  /** Whether entries are indexed by value: for short lists, a linear search is cheaper. */
  indexed: boolean;
}

/** Length up to which lists are searched linearly. */
export const maxWalk = 16;

/**
 * State of all correlations, within fixed limits: new data evicts the oldest, and evictions are
 * counted.
 */
export class Memory {
  readonly groups: Groups;
  readonly entries = new Entries();
  readonly texts = new Texts();
  readonly evidence = new Evidence();
  /**
   * Fields that outer correlations read from the last event of a group, for groups that need them.
   */
  readonly carried = new Map<number, Readonly<Record<string, Scalar>>>();
  /** Index of entries by group and value, for correlations with `indexed`. */
  readonly #values = new Map<number, number>();
  droppedGroups = 0;
  droppedEntries = 0;

  constructor(
    private readonly keepings: readonly Keeping[],
    readonly limits: MemoryLimits,
  ) {
    this.groups = new Groups(keepings.length);
  }

  /** Returns a group by its key; -1 when there is none. */
  find(correlation: number, key: string): number {
    const number = this.texts.find(key);
    return number === -1 ? -1 : this.groups.find(correlation, number);
  }

  keyOf(group: number): string {
    return this.texts.textOf(this.groups.key[group]!);
  }

  open(correlation: number, key: string, timeMs: number): number {
    if (this.groups.live >= this.limits.maxGroups) this.#evict(correlation, -1);
    const group = this.groups.open(correlation, this.texts.hold(key), timeMs);
    this.entries.open(group);
    return group;
  }

  close(group: number): void {
    for (let entry = this.entries.oldest(group); entry !== -1; entry = this.entries.oldest(group))
      this.remove(group, entry);
    this.carried.delete(group);
    this.texts.release(this.groups.key[group]!);
    this.groups.close(group);
  }

  /**
   * Appends an entry and holds its evidence; a textual value must already be held by the caller.
   */
  append(group: number, timeMs: number, value: number, evidence: number): void {
    while (this.entries.live >= this.limits.maxEntries && this.#evict(this.groups.correlation[group]!, group));
    this.evidence.hold(evidence);
    const entry = this.entries.append(group, timeMs, value, evidence);
    const correlation = this.groups.correlation[group]!;
    if (this.keepings[correlation]!.indexed) this.#values.set(pairOf(group, value), entry);
  }

  /** Updates an entry and makes it the group's newest. */
  renew(group: number, entry: number, timeMs: number, evidence: number): void {
    this.evidence.hold(evidence);
    this.evidence.release(this.entries.evidence[entry]!);
    this.entries.evidence[entry] = evidence;
    this.entries.timeMs[entry] = timeMs;
    this.entries.moveToEnd(group, entry);
  }

  /** Returns the group's entry with that value; -1 when there is none. */
  findEntry(group: number, value: number): number {
    if (this.keepings[this.groups.correlation[group]!]!.indexed) return this.#values.get(pairOf(group, value)) ?? -1;
    let entry = this.entries.oldest(group);
    while (entry !== -1 && this.entries.value[entry] !== value) entry = this.entries.after(entry);
    return entry;
  }

  remove(group: number, entry: number): void {
    const { textual, indexed } = this.keepings[this.groups.correlation[group]!]!;
    const value = this.entries.value[entry]!;
    if (indexed) this.#values.delete(pairOf(group, value));
    if (textual) this.texts.release(value);
    this.evidence.release(this.entries.evidence[entry]!);
    this.entries.remove(group, entry);
  }

  removeOldest(group: number): void {
    this.remove(group, this.entries.oldest(group));
  }

  removeBefore(group: number, sinceMs: number): void {
    for (
      let entry = this.entries.oldest(group);
      entry !== -1 && this.entries.timeMs[entry]! < sinceMs;
      entry = this.entries.oldest(group)
    )
      this.remove(group, entry);
  }

  /** Returns the ids of the latest events in the group. */
  idsOf(group: number): string[] {
    const lists: (readonly string[])[] = [];
    for (
      let entry = this.entries.newest(group);
      entry !== -1 && lists.length < maxEvidence;
      entry = this.entries.before(entry)
    )
      lists.push(this.evidence.idsOf(this.entries.evidence[entry]!));
    return latestIds(lists.toReversed());
  }

  /** Counts an entry that is dropped because its group is full. */
  dropEntry(): void {
    this.droppedEntries += 1;
  }

  /**
   * Evicts the oldest group, preferably of the correlation that needs room; false when only
   * `except` is left.
   */
  #evict(correlation: number, except: number): boolean {
    for (const from of [correlation, this.groups.mostCrowded(except)]) {
      let group = this.groups.oldest(from);
      if (group !== -1 && group === except) group = this.groups.after(group);
      if (group === -1) continue;
      this.close(group);
      this.droppedGroups += 1;
      return true;
    }
    return false;
  }
}

/** Combines two numbers of less than 2^21 and 2^32 to one key. */
function pairOf(group: number, value: number): number {
  return group * 2 ** 32 + value;
}
