import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { type Digest, TidewaiterError } from '@tidewaiter/domain';
import { consumers, type DataOf, type EventOf, registryDeleted } from '@tidewaiter/events';
import { Store, TagLedger } from '@tidewaiter/store';

import { TagLookup } from './tag-lookup.js';

/**
 * Limit on tags of one deletion that are looked up in the registry; the next reconciliation checks
 * the others.
 */
const maxTags = 200;

/**
 * Records deletions in the tag ledger after the registry confirms them: the tag may have been
 * pushed again since. Stored data of the images stays, because they may still run.
 */
@Controller()
export class RecordDeletions {
  constructor(
    private readonly store: Store,
    private readonly ledger: TagLedger,
    private readonly lookup: TagLookup,
  ) {}

  @Subscribe(consumers.scanner, registryDeleted)
  async handle({ id, time, data }: EventOf<typeof registryDeleted>): Promise<void> {
    const tags = (await this.ledger.tags(data, data)).slice(0, maxTags);
    const askedAt = await this.ledger.now();
    const found = await this.#ask(data, tags);
    await this.store.once(consumers.scanner.name, id, async (tx) => {
      // Without an answer of the registry the webhook counts, unless the tag was pushed after it.
      const at = found === null ? afterPushesOf(time) : askedAt;
      const answers = found ?? new Map(tags.map((tag) => [tag, null]));
      await this.ledger.observed(tx, data, answers, { askedAt: at, actor: data.deletedBy });
    });
  }

  /** Null if the registry gives no answer and never will. */
  async #ask(
    { connection, repository }: DataOf<typeof registryDeleted>,
    tags: readonly string[],
  ): Promise<Map<string, Digest | null> | null> {
    const found = new Map<string, Digest | null>();
    try {
      for (const tag of tags) found.set(tag, await this.lookup.digestOf(connection, repository, tag));
      return found;
    } catch (error) {
      if (error instanceof TidewaiterError && !error.retryable) return null;
      throw error;
    }
  }
}

/**
 * Times of events have milliseconds, those of pushes have more: a deletion follows the pushes of
 * its millisecond.
 */
function afterPushesOf(time: string): string {
  return new Date(Date.parse(time) + 1).toISOString();
}
