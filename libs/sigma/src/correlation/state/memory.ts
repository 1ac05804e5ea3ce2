import type { Scalar } from '../scalar.js';
import { Entries } from './entries.js';
import { Evidence, latestIds, maxEvidence } from './evidence.js';
import { Groups } from './groups.js';
import { Texts } from './texts.js';

export interface MemoryLimits {
  /** Live groups of all correlations together; above it the one that waits longest gives way. */
  maxGroups: number;
  /** What all groups remember together; the last group alone may go beyond it. */
  maxEntries: number;
  /** What one group remembers. */
  maxPerGroup: number;
}

/** How a correlation keeps its entries. */
export interface Keeping {
  /** Whether values are numbers of texts. */
  textual: boolean;
  /** Whether entries are looked up by value: where they are few, walking the list is cheaper than an index. */
  indexed: boolean;
}

/** Lists up to this long are walked. */
export const maxWalk = 16;

/** Everything that correlation remembers, within fixed limits: what does not fit pushes out what is oldest, and is counted. */
export class Memory {
  readonly groups: Groups;
  readonly entries = new Entries();
  readonly texts = new Texts();
  readonly evidence = new Evidence();
  /** Of the groups that have one: what outer correlations will ask of the last event. */
  readonly carried = new Map<number, Readonly<Record<string, Scalar>>>();
  /** Entries by group and value, of correlations that look them up so. */
  readonly #values = new Map<number, number>();
  droppedGroups = 0;
  droppedEntries = 0;

  constructor(
    private readonly keepings: readonly Keeping[],
    readonly limits: MemoryLimits,
  ) {
    this.groups = new Groups(keepings.length);
  }

  /** -1 when there is none. */
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

  /** Holds the evidence; a textual value must be held by the caller for it. */
  append(group: number, timeMs: number, value: number, evidence: number): void {
    while (this.entries.live >= this.limits.maxEntries && this.#evict(this.groups.correlation[group]!, group));
    this.evidence.hold(evidence);
    const entry = this.entries.append(group, timeMs, value, evidence);
    const correlation = this.groups.correlation[group]!;
    if (this.keepings[correlation]!.indexed) this.#values.set(pairOf(group, value), entry);
  }

  /** Makes the entry the group's newest one. */
  renew(group: number, entry: number, timeMs: number, evidence: number): void {
    this.evidence.hold(evidence);
    this.evidence.release(this.entries.evidence[entry]!);
    this.entries.evidence[entry] = evidence;
    this.entries.timeMs[entry] = timeMs;
    this.entries.moveToEnd(group, entry);
  }

  /** The group's entry with that value; -1 when there is none. */
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

  /** The latest events that the group remembers. */
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

  /** Counts one that is left out because its group is full. */
  dropEntry(): void {
    this.droppedEntries += 1;
  }

  /** Drops the group that waits longest, of the correlation that needs room if it has one; false when only `except` is there. */
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

/** Two numbers of less than 2^21 and 2^32 as one. */
function pairOf(group: number, value: number): number {
  return group * 2 ** 32 + value;
}
