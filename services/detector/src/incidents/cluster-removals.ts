import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { ClusterRemoval } from '@tidewaiter/store';

const everyMs = 5_000;

/** Deletes the data of clusters as users ordered, in batches. */
@Injectable()
export class ClusterRemovals {
  constructor(private readonly removal: ClusterRemoval) {}

  @Every(everyMs)
  async delete(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.removal.step()));
  }
}
