import { Worker } from 'node:worker_threads';

import type { LayerOptions } from '@tidewaiter/analyzers';
import { LimitExceeded } from '@tidewaiter/domain';

import type { PackedLayer } from './packed-layer.js';
import { type FromThread, handedOver, receiveError, type ToThread } from './thread-messages.js';

/** Limits on one layer in addition to `layerLimits`. */
export interface ThreadLimits {
  /** Heap of one thread for JavaScript objects; the bytes of files have limits of their own. */
  maxHeapMegabytes: number;
  /**
   * Seconds for which the thread may work without reading on: a longer pause is a hang in one file.
   */
  maxStallSeconds: number;
}

export const threadLimits: Readonly<ThreadLimits> = { maxHeapMegabytes: 384, maxStallSeconds: 120 };

/** Limit on chunks in transit to a thread. */
const maxChunksAhead = 4;
/** An idle thread costs some 40 MB. */
const idleMs = 10_000;

// For source and build alike: a thread runs only compiled code.
const program = new URL('../dist/layer-thread.js', import.meta.url);

/**
 * Reads layers in threads, each with its share of memory and time: a hostile layer that crashes or
 * blocks its thread costs that layer alone, and no other has to wait for it.
 */
export class LayerThreads {
  /** Idle workers, each with the timer that ends it. */
  readonly #idle = new Map<Worker, NodeJS.Timeout>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(
    private readonly threads: number,
    private readonly limits: ThreadLimits = threadLimits,
  ) {}

  /**
   * Reads one layer, as `analyzeLayer` does.
   * @param open opens the blob from its start, and does not reuse its chunks; its errors are
   * rethrown
   * @throws as `analyzeLayer`; LimitExceeded `maxHeapMegabytes`, `maxStallSeconds`
   */
  async analyze(
    open: () => AsyncIterable<Uint8Array>,
    options: LayerOptions,
    signal?: AbortSignal,
  ): Promise<PackedLayer> {
    signal?.throwIfAborted();
    await this.#turn();
    const worker = this.#take();
    try {
      const layer = await new LayerJob(worker, open, options, this.limits, signal).result();
      this.#keep(worker);
      return layer;
    } catch (error) {
      // It may be in any state.
      await worker.terminate();
      throw error;
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {
    const idle = [...this.#idle.keys()];
    for (const worker of idle) this.#forget(worker);
    await Promise.all(idle.map((worker) => worker.terminate()));
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.threads) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  #take(): Worker {
    const [known] = this.#idle.keys();
    if (known) {
      this.#forget(known);
      return known;
    }
    const { maxHeapMegabytes } = this.limits;
    return new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes, maxYoungGenerationSizeMb: 6 },
    });
  }

  #keep(worker: Worker): void {
    worker.removeAllListeners();
    // An idle worker that fails is dropped: the next job makes another.
    worker.on('error', () => this.#forget(worker));
    const end = setTimeout(() => {
      this.#forget(worker);
      void worker.terminate();
    }, idleMs);
    end.unref();
    worker.unref();
    this.#idle.set(worker, end);
  }

  #forget(worker: Worker): void {
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
  }
}

/** Analysis of one layer in one thread. */
class LayerJob {
  readonly #outcome = Promise.withResolvers<PackedLayer>();
  #timer: NodeJS.Timeout | undefined;
  #ahead = 0;
  #room = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor(
    private readonly worker: Worker,
    private readonly open: () => AsyncIterable<Uint8Array>,
    private readonly options: LayerOptions,
    private readonly limits: ThreadLimits,
    private readonly signal: AbortSignal | undefined,
  ) {
    // A thread may end before the caller awaits it, or after.
    this.#outcome.promise.catch(() => undefined);
  }

  async result(): Promise<PackedLayer> {
    const { worker, limits, signal } = this;
    const { reject } = this.#outcome;
    worker.ref();
    worker.removeAllListeners();
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error: unknown) => reject(explained(error, limits)));
    worker.on('exit', () => reject(new Error('the thread of a layer ended')));
    this.#timer = setTimeout(() => {
      reject(new LimitExceeded('maxStallSeconds', `nothing read of a layer for ${limits.maxStallSeconds} s`));
    }, limits.maxStallSeconds * 1_000);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    try {
      signal?.throwIfAborted();
      this.#post({ kind: 'job', options: this.options });
      return await this.#outcome.promise;
    } finally {
      this.#hasEnded = true;
      this.#room.resolve();
      clearTimeout(this.#timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #receive(message: FromThread): void {
    if (message.kind === 'open') void this.#stream(message.reading);
    if (message.kind === 'done') this.#outcome.resolve(message.layer);
    if (message.kind === 'failed') this.#outcome.reject(receiveError(message.error));
    if (message.kind === 'progress') this.#timer?.refresh();
    if (message.kind === 'taken') {
      // The time of the download is not limited here; the caller has a limit of its own.
      this.#timer?.refresh();
      this.#ahead -= 1;
      this.#room.resolve();
    }
  }

  async #stream(reading: number): Promise<void> {
    this.#ahead = 0;
    try {
      for await (const piece of this.open()) {
        while (this.#ahead >= maxChunksAhead && !this.#hasEnded) {
          this.#room = Promise.withResolvers();
          await this.#room.promise;
        }
        if (this.#hasEnded) return;
        this.#ahead += 1;
        const chunk = handedOver(piece);
        this.#post({ kind: 'chunk', reading, chunk }, [chunk.buffer]);
      }
      this.#post({ kind: 'end', reading });
    } catch (error) {
      this.#outcome.reject(error);
    }
  }

  #post(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}

function explained(error: unknown, { maxHeapMegabytes }: ThreadLimits): unknown {
  if ((error as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new LimitExceeded('maxHeapMegabytes', `layer that takes more than ${maxHeapMegabytes} MB to read`);
}
