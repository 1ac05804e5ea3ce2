import { Injectable } from '@nestjs/common';
import type { WatchedList } from '@tidewaiter/domain';
import { Every } from '@tidewaiter/runtime';
import { TableActivity } from '@tidewaiter/store';

import { EventFeed } from './event-feed.js';

const lookMs = 2_000;

/** Tables of the lists that change without an event, by what the API calls the list. */
const watchedTables = {
  alerts: ['detection_alert'],
  rules: ['detection_rule'],
  deliveries: ['delivery'],
  receivers: ['delivery'],
  silences: ['silence'],
  'dead-letters': ['dead_letter'],
  containment: ['containment_order'],
  workloads: ['workload', 'container_ledger', 'workload_finding', 'incident'],
  'workload-findings': ['workload_finding'],
  entries: ['managed_entry', 'file_entry'],
  views: ['saved_view'],
  'report-runs': ['report_run'],
  removals: ['removal'],
} as const satisfies Readonly<Record<WatchedList, readonly string[]>>;

const tables = [...new Set(Object.values(watchedTables).flat())];

/** Announces changes of lists that no event reports: one question for all clients. */
@Injectable()
export class ListWatch {
  #written: ReadonlyMap<string, string> | null = null;

  constructor(
    private readonly activity: TableActivity,
    private readonly feed: EventFeed,
  ) {}

  @Every(lookMs)
  async look(): Promise<void> {
    // Clients read their lists when they connect.
    if (!this.feed.isFollowed) {
      this.#written = null;
      return;
    }
    const [before, now] = [this.#written, await this.activity.writtenRows(tables)];
    this.#written = now;
    if (before === null) return;
    const changed = new Set(tables.filter((table) => before.get(table) !== now.get(table)));
    for (const [list, of] of Object.entries(watchedTables))
      if (of.some((table) => changed.has(table))) this.feed.announce(list);
  }
}
