import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { ContainmentEvidence, ContainmentOrder, OrderRefusalCode, PlannedOrder } from '@tidewaiter/containment';

/** A refusal of the order, or of its calls by the API server. */
export type ResultCode = OrderRefusalCode | 'KUBERNETES_REFUSED';

/** An order on the disk of the agent, from before its first call until long after its report. */
export interface JournalEntry {
  id: string;
  /** Null for an order that could not be verified. */
  order: ContainmentOrder | null;
  /** `acting`: its calls may have taken effect, or not. */
  state: 'acting' | 'done' | 'refused' | 'failed';
  /** ISO 8601: when the state was reached. */
  at: string;
  code: ResultCode | null;
  detail: string | null;
  /** Null for an order that was refused before it was planned, and for an undo. */
  planned: PlannedOrder | null;
  evidence: ContainmentEvidence | null;
  isReported: boolean;
  isUndone: boolean;
}

const keptMs = 90 * 24 * 3_600_000;

/**
 * Orders that the agent has worked on: an order is used once, is finished after a crash, and can be
 * undone from what was there before.
 */
export class ContainmentJournal {
  private constructor(
    private readonly folder: string,
    private readonly entries: Map<string, JournalEntry>,
  ) {}

  static async open(agentFolder: string): Promise<ContainmentJournal> {
    const folder = join(agentFolder, 'containment');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const entries = new Map<string, JournalEntry>();
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.json')) continue;
      const entry = JSON.parse(await readFile(join(folder, name), 'utf8')) as JournalEntry;
      entries.set(entry.id, entry);
    }
    return new ContainmentJournal(folder, entries);
  }

  get(id: string): JournalEntry | undefined {
    return this.entries.get(id);
  }

  /** Entries in progress, oldest first. */
  get acting(): JournalEntry[] {
    return this.#sorted(({ state }) => state === 'acting');
  }

  /** Ended entries that the hub does not know about yet, oldest first. */
  get unreported(): JournalEntry[] {
    return this.#sorted(({ state, isReported }) => state !== 'acting' && !isReported);
  }

  /** Number of orders that changed the cluster, or tried to, since a time. */
  startedSince(time: number): number {
    return this.#sorted(({ order, planned, at }) => {
      const acted = order !== null && order.undoes === null && planned !== null;
      return acted && Date.parse(at) > time;
    }).filter(({ state }) => state !== 'refused').length;
  }

  /** Stores an entry, on disk before it returns: what follows may be the last that happens. */
  async put(entry: JournalEntry): Promise<void> {
    const path = join(this.folder, `${entry.id}.json`);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(entry));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    this.entries.set(entry.id, entry);
  }

  /** Deletes entries that ended long ago: their orders have expired, and are refused for that. */
  async prune(now: number): Promise<void> {
    for (const { id } of this.#sorted(({ isReported, at }) => isReported && Date.parse(at) < now - keptMs)) {
      await rm(join(this.folder, `${id}.json`), { force: true });
      this.entries.delete(id);
    }
  }

  #sorted(condition: (entry: JournalEntry) => boolean): JournalEntry[] {
    return [...this.entries.values()].filter(condition).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  }
}
