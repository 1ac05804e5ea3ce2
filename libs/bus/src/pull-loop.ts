import { setTimeout as sleep } from 'node:timers/promises';

import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Consumer } from '@tidewaiter/events';
import type { Logger } from '@tidewaiter/runtime';

import type { Bus } from './connection.js';

const fetchMs = 30_000;
const idleHeartbeatMs = 2_500;
const restartDelayMs = 500;

/**
 * Pulls the messages of one consumer until stopped, never more than are handled at once: a message
 * that waited here past its ack time would be redelivered to another replica. A pull that breaks or
 * misses heartbeats is restarted.
 */
export class PullLoop {
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  #freed = Promise.withResolvers<void>();
  #batch: ConsumerMessages | undefined;
  #paused: Promise<void> | undefined;
  #isFailing = false;

  constructor(
    private readonly bus: Bus,
    private readonly consumer: Consumer,
    /** Must not throw. */
    private readonly handle: (message: JsMsg, stopping: AbortSignal) => Promise<void>,
    private readonly log: Logger,
  ) {}

  /** Whether pulls have failed since the last one that did not. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Resolves after {@link stop}, when the last handler has ended. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    // A restarted server has lost the pending pull requests.
    const forget = this.bus.onLoss(() => this.#batch?.stop(new Error('connection lost')));
    while (!signal.aborted) {
      try {
        await this.#pull(() => (this.#isFailing = false));
      } catch (err) {
        // Once per outage.
        if (!this.#isFailing) this.log.warn({ consumer: this.consumer.name, err }, 'consumer restart');
        this.#isFailing = true;
        await this.bus.repair().catch(() => undefined);
        await sleep(restartDelayMs, undefined, { signal }).catch(() => undefined);
      }
    }
    forget();
    await Promise.all(this.#inFlight);
  }

  /** Pulls nothing until `over` resolves; new messages go to other replicas meanwhile. */
  pause(over: Promise<void>): void {
    this.#paused = over;
    void over.then(() => (this.#paused = undefined));
    this.#batch?.stop();
  }

  stop(): void {
    this.#stopping.abort();
    this.#batch?.stop();
    this.#freed.resolve();
  }

  async #pull(isWorking: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const source = await this.bus.consumer(this.consumer);
    isWorking();
    for (;;) {
      const room = await this.#room();
      if (signal.aborted) return;
      // After the wait for room: a pause begins while handlers give back what they have.
      if (this.#paused) {
        await this.#paused;
        continue;
      }
      const batch = await source.fetch({ max_messages: room, expires: fetchMs, idle_heartbeat: idleHeartbeatMs });
      this.#batch = batch;
      // Covers a stop() or pause() during the fetch call above.
      if (signal.aborted || this.#paused) batch.stop();
      for await (const message of batch) {
        if (signal.aborted) message.nak();
        else this.#start(message);
      }
    }
  }

  #start(message: JsMsg): void {
    const work = this.handle(message, this.#stopping.signal).finally(() => {
      this.#inFlight.delete(work);
      this.#freed.resolve();
    });
    this.#inFlight.add(work);
  }

  /** Waits until at least one more message may be handled; returns how many. */
  async #room(): Promise<number> {
    while (this.#inFlight.size >= this.consumer.concurrency && !this.#stopping.signal.aborted) {
      this.#freed = Promise.withResolvers();
      await this.#freed.promise;
    }
    return this.consumer.concurrency - this.#inFlight.size;
  }
}
