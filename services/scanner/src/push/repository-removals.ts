import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { RepositoryRemoval } from '@tidewaiter/store';

const everyMs = 5_000;

/** Deletes the data of repositories as users ordered, in batches. */
@Injectable()
export class RepositoryRemovals {
  constructor(private readonly removal: RepositoryRemoval) {}

  @Every(everyMs)
  async delete(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.removal.step()));
  }
}
