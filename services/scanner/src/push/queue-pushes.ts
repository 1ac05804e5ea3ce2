import { AsyncLocalStorage } from 'node:async_hooks';

import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, registryPushed } from '@tidewaiter/events';
import { GroupCommit, pushJob, Store } from '@tidewaiter/store';

type Pushed = EventOf<typeof registryPushed>;

/** An event, and the trace that its job goes on with. */
interface Queued {
  event: Pushed;
  inItsTrace: <Result>(work: () => Result) => Result;
}

/** Limits of the group commit. The bus already bounds how many events are in flight. */
const limits = { concurrency: 1, batchBytes: Infinity, waitingBytes: Infinity, timeoutMs: 60_000 };

/** Enqueues a job for every push; those that come at the same moment share a transaction. */
@Controller()
export class QueuePushes {
  readonly #group = new GroupCommit(async (queued: readonly Queued[]) => this.#queue(queued), limits);

  constructor(private readonly store: Store) {}

  @Subscribe(consumers.scanner, registryPushed)
  async handle(event: Pushed): Promise<void> {
    await this.#group.add({ event, inItsTrace: AsyncLocalStorage.snapshot() });
  }

  async #queue(queued: readonly Queued[]): Promise<void[]> {
    const byId = new Map(queued.map((each) => [each.event.id, each]));
    await this.store.onceEach(consumers.scanner.name, [...byId.keys()], async (tx, id) => {
      const { event, inItsTrace } = byId.get(id)!;
      await inItsTrace(async () => tx.enqueue(pushJob({ ...event.data, id: event.data.pushId })));
    });
    return queued.map(() => undefined);
  }
}
