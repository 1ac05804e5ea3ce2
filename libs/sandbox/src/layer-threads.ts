import { Worker } from 'node:worker_threads';

import type { LayerOptions } from '@tidewaiter/analyzers';
import { LimitExceeded } from '@tidewaiter/domain';

import { type FromThread, type PackedLayer, receiveError, type ToThread } from './thread-messages.js';

/** What one layer may cost beside the limits of `layerLimits`. */
export interface ThreadLimits {
  /** JavaScript objects of one thread; the bytes of files have limits of their own. */
  maxHeapMegabytes: number;
  /** From the first byte to the result. */
  maxLayerMs: number;
}

export const threadLimits: Readonly<ThreadLimits> = { maxHeapMegabytes: 384, maxLayerMs: 10 * 60_000 };

/** Chunks that are on their way to a thread. */
const maxChunksAhead = 4;
/** An idle thread costs some 40 MB. */
const idleMs = 10_000;

// From the source as from the build: a thread runs compiled code alone.
const program = new URL('../dist/layer-thread.js', import.meta.url);

/**
 * Reads layers in threads, each with its share of memory and time: what a hostile layer does to its thread costs that layer
 * alone, and no other has to wait for it.
 */
export class LayerThreads {
  readonly #idle = new Set<Worker>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(
    private readonly threads: number,
    private readonly limits: ThreadLimits = threadLimits,
  ) {}

  /**
   * Reads one layer, as `analyzeLayer` does.
   * @param open opens the blob from its start, and lets go of its chunks; what it throws is thrown
   * @throws as `analyzeLayer`; LimitExceeded `maxHeapMegabytes`, `maxLayerMs`
   */
  async analyze(
    open: () => AsyncIterable<Uint8Array>,
    options: LayerOptions,
    signal?: AbortSignal,
  ): Promise<PackedLayer> {
    await this.#turn();
    const worker = this.#take();
    try {
      const layer = await new LayerJob(worker, open, options, this.limits, signal).result();
      this.#keep(worker);
      return layer;
    } catch (error) {
      // It may be in the middle of anything.
      await worker.terminate();
      throw error;
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {
    const idle = [...this.#idle];
    this.#idle.clear();
    await Promise.all(idle.map((worker) => worker.terminate()));
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.threads) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  #take(): Worker {
    const [known] = this.#idle;
    if (known) {
      this.#idle.delete(known);
      return known;
    }
    const { maxHeapMegabytes } = this.limits;
    return new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes, maxYoungGenerationSizeMb: 6 },
    });
  }

  #keep(worker: Worker): void {
    this.#idle.add(worker);
    worker.removeAllListeners();
    // Whatever becomes of it while nobody uses it: the next job makes another.
    worker.on('error', () => this.#idle.delete(worker));
    const end = setTimeout(() => {
      if (this.#idle.delete(worker)) void worker.terminate();
    }, idleMs);
    end.unref();
    worker.unref();
  }
}

/** One layer on its way through one thread. */
class LayerJob {
  readonly #outcome = Promise.withResolvers<PackedLayer>();
  #ahead = 0;
  #room = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor(
    private readonly worker: Worker,
    private readonly open: () => AsyncIterable<Uint8Array>,
    private readonly options: LayerOptions,
    private readonly limits: ThreadLimits,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async result(): Promise<PackedLayer> {
    const { worker, limits, signal } = this;
    const { reject } = this.#outcome;
    worker.ref();
    worker.removeAllListeners();
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error: unknown) => reject(explained(error, limits)));
    worker.on('exit', () => reject(new Error('the thread of a layer ended')));
    const timer = setTimeout(() => {
      reject(new LimitExceeded('maxLayerMs', `layer not read within ${limits.maxLayerMs / 1000} s`));
    }, limits.maxLayerMs);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    try {
      signal?.throwIfAborted();
      this.#tell({ kind: 'job', options: this.options });
      return await this.#outcome.promise;
    } finally {
      this.#hasEnded = true;
      this.#room.resolve();
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #receive(message: FromThread): void {
    if (message.kind === 'open') void this.#stream(message.reading);
    if (message.kind === 'done') this.#outcome.resolve(message.layer);
    if (message.kind === 'failed') this.#outcome.reject(receiveError(message.error));
    if (message.kind === 'taken') {
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
        this.#tell({ kind: 'chunk', reading, chunk }, [chunk.buffer]);
      }
      this.#tell({ kind: 'end', reading });
    } catch (error) {
      this.#outcome.reject(error);
    }
  }

  #tell(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}

/** Bytes whose memory can go to another thread: their own where nothing else lies in it, else a copy. */
function handedOver(piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = piece;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === piece.byteLength;
  return isAlone ? new Uint8Array(buffer) : new Uint8Array(piece);
}

function explained(error: unknown, { maxHeapMegabytes }: ThreadLimits): unknown {
  if ((error as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new LimitExceeded('maxHeapMegabytes', `layer that takes more than ${maxHeapMegabytes} MB to read`);
}
