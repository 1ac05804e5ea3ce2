import { setTimeout as sleep } from 'node:timers/promises';

import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Logger } from '@tidewaiter/runtime';

import type { Bus } from './connection.js';
import type { StreamPlace } from './stream-place.js';

/** Message of a subject that is read in order. */
export interface StreamMessage {
  place: StreamPlace;
  /** Time when the server stored it, in milliseconds since 1970: the same in every reading. */
  storedAtMs: number;
  data: Uint8Array;
}

/** Subject and receiver of an {@link OrderedReader}. */
export interface InOrder {
  stream: string;
  subject: string;
  /**
   * Returns the last message that was taken; null at the start of the stream. Called whenever
   * reading restarts.
   */
  place(): StreamPlace | null;
  /** Takes the next message. Reading waits for it, which is the backpressure. Must not throw. */
  take(message: StreamMessage): Promise<void>;
}

const fetchMs = 30_000;
const idleHeartbeatMs = 5_000;
const restartDelayMs = 500;
/**
 * Target size of one fetch, estimated from the sizes of the messages before. One process has dozens
 * of readers: what all of them have fetched must be taken within seconds, or the client believes
 * the server gone.
 */
const fetchBytes = 256 * 1024;
const maxFetchMessages = 256;
const firstFetchMessages = 8;

/**
 * Reads one subject from a position on, message by message in the order of the stream, until
 * stopped. The reader stores its own position, so there is nothing to ack, and a consumer that
 * breaks is recreated after the last message that was taken.
 */
export class OrderedReader {
  readonly #stopping = new AbortController();
  #batch: ConsumerMessages | undefined;
  #isCurrent = false;
  #isInterrupted = false;
  #waiting = 0;
  #batchSize = firstFetchMessages;

  constructor(
    private readonly bus: Bus,
    private readonly reading: InOrder,
    private readonly log: Logger,
  ) {}

  /**
   * Whether every message of the subject had been taken when the server last reported its count.
   */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Messages of the subject still in the stream when the last one was taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves after {@link stop}, when the last message has been taken. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    const forget = this.bus.onLoss(() => this.#interrupt());
    let isFailing = false;
    while (!signal.aborted) {
      try {
        await this.#read(() => (isFailing = false));
      } catch (err) {
        this.#isCurrent = false;
        // Once per outage.
        if (!isFailing) this.log.warn({ subject: this.reading.subject, err }, 'reader restart');
        isFailing = true;
        await this.bus.repair().catch(() => undefined);
        await sleep(restartDelayMs, undefined, { signal }).catch(() => undefined);
      }
    }
    forget();
  }

  stop(): void {
    this.#stopping.abort();
    this.#isCurrent = false;
    this.#batch?.stop();
  }

  #interrupt(): void {
    this.#isCurrent = false;
    this.#isInterrupted = true;
    this.#batch?.stop(connectionLost());
  }

  async #read(isWorking: () => void): Promise<void> {
    const { stream, subject } = this.reading;
    this.#isInterrupted = false;
    const { source, life, waiting } = await this.bus.consumerAfter(stream, subject, this.reading.place());
    isWorking();
    this.#isCurrent = waiting === 0;
    this.#waiting = waiting;
    let delivered = 0;
    while (!this.#stopping.signal.aborted) {
      const batch = await source.fetch({
        max_messages: this.#batchSize,
        expires: fetchMs,
        idle_heartbeat: idleHeartbeatMs,
      });
      this.#batch = batch;
      // Covers a stop() and a loss since the last batch ended.
      if (this.#stopping.signal.aborted) batch.stop();
      if (this.#isInterrupted) batch.stop(connectionLost());
      let bytes = 0;
      let messages = 0;
      for await (const message of batch) {
        if (this.#stopping.signal.aborted) return;
        delivered += 1;
        // The server sends a message once; after a gap from a reconnect, reading restarts at the
        // last place.
        if (message.info.deliverySequence !== delivered) throw new Error('a message was lost on its way');
        messages += 1;
        bytes += message.data.length;
        await this.#take(message, life);
      }
      this.#batchSize = nextBatchSize(messages, bytes);
    }
  }

  async #take(message: JsMsg, life: string): Promise<void> {
    const { streamSequence, timestampNanos, pending } = message.info;
    // The reader is not idle while a message is being handled.
    this.#isCurrent = false;
    await this.reading.take({
      place: { life, sequence: streamSequence },
      storedAtMs: timestampNanos / 1e6,
      data: message.data,
    });
    this.#waiting = pending;
    if (pending === 0) this.#isCurrent = !this.#stopping.signal.aborted;
  }
}

const connectionLost = (): Error => new Error('connection lost');

function nextBatchSize(messages: number, bytes: number): number {
  if (messages === 0) return firstFetchMessages;
  return Math.max(1, Math.min(maxFetchMessages, Math.floor((fetchBytes * messages) / Math.max(bytes, 1))));
}
