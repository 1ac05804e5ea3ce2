import type { LayerOptions } from '@tidewaiter/analyzers';
import { LimitExceeded, Unavailable } from '@tidewaiter/domain';

import { type ConfinedProcess, startConfined } from './confinement.js';
import { type Frame, frameHead, frameKinds, FrameReader } from './frames.js';
import type { PackedLayer } from './packed-layer.js';
import { limitGrowth, residentBytes } from './process-memory.js';
import { receiveError, type SentError } from './sent-error.js';
import { decodeResult, writeOptions } from './sent-layer.js';

/** Limits on one layer in addition to `layerLimits`. */
export interface ProcessLimits {
  /** Heap of one process for JavaScript objects. */
  maxHeapMegabytes: number;
  /** Memory of one process in all, with the bytes of files and the program itself. */
  maxMemoryMegabytes: number;
  /**
   * Seconds for which the process may work without reading on: a longer pause is a hang in one
   * file.
   */
  maxStallSeconds: number;
}

export const processLimits: Readonly<ProcessLimits> = {
  maxHeapMegabytes: 384,
  maxMemoryMegabytes: 768,
  maxStallSeconds: 120,
};

/** An idle process costs some 65 MB, and its start a tenth of a second. */
const idleMs = 30_000;
/** A process that has grown beyond this gives its memory back by ending. */
const maxIdleBytes = 160 * 1024 * 1024;
const memoryCheckMs = 100;
/** A million entries take some 60 MB, packed. */
const maxResultBytes = 512 * 1024 * 1024;
/** Kept of what a process writes when it ends; V8 starts with the reason. */
const maxLastWords = 4_096;

/**
 * As the launcher's: garbage may take half of what is in use, not twice as much, but is not
 * collected for every few megabytes of text.
 */
const memoryFlags = ['--max-semi-space-size=2', '--initial-old-space-size=64', '--heap-growing-percent=50'];

// For source and build alike: a process runs only compiled code.
const layerProgram = new URL('../dist/layer-process.js', import.meta.url);

/**
 * Reads layers in processes that can do nothing else, each with its share of memory and time: a
 * hostile layer that crashes or blocks its process costs that layer alone. A process that failed is
 * never used again.
 */
export class LayerProcesses {
  /** Idle processes, each with the timer that ends it. */
  readonly #idle = new Map<LayerProcess, NodeJS.Timeout>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(
    private readonly processes: number,
    private readonly limits: ProcessLimits = processLimits,
    private readonly program: URL = layerProgram,
  ) {}

  /**
   * Reads one layer, as `analyzeLayer` does.
   * @param open opens the blob from its start, and keeps each chunk until the next one is
   * requested; its errors are rethrown
   * @throws as `analyzeLayer`; LimitExceeded `maxHeapMegabytes`, `maxMemoryMegabytes`,
   * `maxStallSeconds`; Unavailable `LAYER_READER_FAILED`
   */
  async analyze(
    open: () => AsyncIterable<Uint8Array>,
    options: LayerOptions,
    signal?: AbortSignal,
  ): Promise<PackedLayer> {
    signal?.throwIfAborted();
    await this.#turn();
    const reader = this.#take();
    try {
      const layer = await new LayerJob(reader, open, options, this.limits, signal).result();
      this.#keep(reader);
      return layer;
    } catch (error) {
      // It may be in any state.
      reader.kill();
      throw error;
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {
    const idle = [...this.#idle.keys()];
    for (const reader of idle) {
      this.#forget(reader);
      // Its end is awaited.
      reader.ref();
      reader.kill();
    }
    await Promise.all(idle.map((reader) => reader.ended));
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.processes) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  #take(): LayerProcess {
    const [known] = this.#idle.keys();
    if (!known) return new LayerProcess(this.program, this.limits);
    this.#forget(known);
    return known;
  }

  #keep(reader: LayerProcess): void {
    if ((reader.residentBytes ?? 0) > maxIdleBytes) {
      reader.kill();
      return;
    }
    reader.onFrame = () => undefined;
    // An idle process that ends is dropped: the next job starts another.
    void reader.ended.then(() => this.#forget(reader));
    const end = setTimeout(() => {
      this.#forget(reader);
      reader.kill();
    }, idleMs);
    end.unref();
    reader.unref();
    this.#idle.set(reader, end);
  }

  #forget(reader: LayerProcess): void {
    clearTimeout(this.#idle.get(reader));
    this.#idle.delete(reader);
  }
}

/** End of a process. */
interface End {
  how: string;
  /** First characters of what it wrote to its error output. */
  lastWords: string;
}

/** A process that reads layers, one at a time. */
class LayerProcess {
  readonly ended: Promise<End>;
  onFrame: (frame: Frame) => void = () => undefined;
  readonly #child: ConfinedProcess;
  #lastWords = '';

  constructor(program: URL, { maxHeapMegabytes, maxMemoryMegabytes }: ProcessLimits) {
    const flags = [`--max-old-space-size=${maxHeapMegabytes}`, ...memoryFlags];
    this.#child = startConfined(program, flags);
    const { stdin, stdout, stderr } = this.#child;
    const frames = new FrameReader(maxResultBytes);
    this.ended = new Promise((resolve) => {
      this.#child.on('error', ({ message }) => resolve({ how: message, lastWords: '' }));
      // `close` comes after the last byte of the error output, which has the reason.
      this.#child.on('close', (code, signal) => {
        resolve({ how: signal ?? `exit code ${code}`, lastWords: this.#lastWords });
      });
    });
    // A write to a process that ended; its end is what counts.
    stdin.on('error', () => undefined);
    stderr.on('data', (piece: Buffer) => {
      if (this.#lastWords.length < maxLastWords) this.#lastWords += piece.toString('latin1').slice(0, maxLastWords);
    });
    stdout.on('data', (piece: Buffer) => {
      try {
        for (const frame of frames.read(piece)) {
          // The kernel's limit ends a bomb that is faster than the look at its memory.
          if (frame.kind === frameKinds.ready) this.#limit(maxMemoryMegabytes * 1.25);
          else this.onFrame(frame);
        }
      } catch {
        // No process of ours sends this.
        this.kill();
      }
    });
  }

  get residentBytes(): number | undefined {
    return this.#child.pid && residentBytes(this.#child.pid);
  }

  /** Sends a frame; resolves when there is room for another. */
  async send(kind: number, reading: number, payload: Uint8Array): Promise<void> {
    const { stdin } = this.#child;
    if (!stdin.writable) return;
    stdin.cork();
    stdin.write(frameHead(kind, reading, payload.length));
    const isTaken = new Promise<void>((resolve) => {
      stdin.write(payload, () => resolve());
    });
    stdin.uncork();
    await isTaken;
  }

  ref(): void {
    this.#handles((handle) => handle.ref());
  }

  unref(): void {
    this.#handles((handle) => handle.unref());
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #limit(megabytes: number): void {
    const { pid } = this.#child;
    if (pid !== undefined) limitGrowth(pid, megabytes * 1024 * 1024);
  }

  #handles(change: (handle: { ref(): void; unref(): void }) => void): void {
    const { stdin, stdout, stderr } = this.#child;
    change(this.#child);
    // Pipes of a child are sockets, whose types do not show it.
    for (const pipe of [stdin, stdout, stderr]) change(pipe as unknown as { ref(): void; unref(): void });
  }
}

/** Analysis of one layer in one process. */
class LayerJob {
  readonly #outcome = Promise.withResolvers<PackedLayer>();
  #stall: NodeJS.Timeout | undefined;
  #reading = 0;
  #hasEnded = false;

  constructor(
    private readonly reader: LayerProcess,
    private readonly open: () => AsyncIterable<Uint8Array>,
    private readonly options: LayerOptions,
    private readonly limits: ProcessLimits,
    private readonly signal: AbortSignal | undefined,
  ) {
    // A process may end before the caller awaits it, or after.
    this.#outcome.promise.catch(() => undefined);
  }

  async result(): Promise<PackedLayer> {
    const { reader, limits, signal } = this;
    const { reject } = this.#outcome;
    reader.ref();
    reader.onFrame = (frame) => this.#receive(frame);
    void reader.ended.then((end) => reject(explained(end, limits)));
    this.#stall = setTimeout(() => {
      reject(new LimitExceeded('maxStallSeconds', `nothing read of a layer for ${limits.maxStallSeconds} s`));
    }, limits.maxStallSeconds * 1_000);
    const memory = setInterval(() => this.#checkMemory(), memoryCheckMs);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    try {
      signal?.throwIfAborted();
      void reader.send(frameKinds.job, 0, Buffer.from(JSON.stringify(writeOptions(this.options))));
      return await this.#outcome.promise;
    } finally {
      this.#hasEnded = true;
      clearTimeout(this.#stall);
      clearInterval(memory);
      signal?.removeEventListener('abort', abort);
    }
  }

  #receive({ kind, payload }: Frame): void {
    // The time of the download is not limited here; the caller has a limit of its own.
    if (kind === frameKinds.progress) this.#stall?.refresh();
    if (kind === frameKinds.open) void this.#stream();
    if (kind === frameKinds.failed) this.#outcome.reject(receiveError(JSON.parse(payload.toString()) as SentError));
    if (kind === frameKinds.done) this.#outcome.resolve(this.#checked(decodeResult(payload)));
  }

  #checked(layer: PackedLayer): PackedLayer {
    const { expectedDiffId } = this.options;
    if (expectedDiffId !== undefined && layer.diffId !== expectedDiffId) throw new Error('result of another layer');
    return layer;
  }

  #checkMemory(): void {
    const { maxMemoryMegabytes } = this.limits;
    if ((this.reader.residentBytes ?? 0) > maxMemoryMegabytes * 1024 * 1024)
      this.#outcome.reject(memoryLimit(maxMemoryMegabytes));
  }

  async #stream(): Promise<void> {
    this.#reading += 1;
    const reading = this.#reading;
    const isOver = () => this.#hasEnded || reading !== this.#reading;
    try {
      for await (const chunk of this.open()) {
        if (isOver()) return;
        await this.reader.send(frameKinds.chunk, reading, chunk);
        this.#stall?.refresh();
        if (isOver()) return;
      }
      await this.reader.send(frameKinds.end, reading, new Uint8Array());
    } catch (error) {
      this.#outcome.reject(error);
    }
  }
}

function explained({ how, lastWords }: End, { maxHeapMegabytes, maxMemoryMegabytes }: ProcessLimits): Error {
  if (/JavaScript heap out of memory/.test(lastWords))
    return new LimitExceeded('maxHeapMegabytes', `layer that takes more than ${maxHeapMegabytes} MB to read`);
  if (/out of memory|bad_alloc|allocation failed/i.test(lastWords)) return memoryLimit(maxMemoryMegabytes);
  return new Unavailable('LAYER_READER_FAILED', `the process that read the layer ended (${how})`);
}

function memoryLimit(megabytes: number): LimitExceeded {
  return new LimitExceeded('maxMemoryMegabytes', `layer that takes more than ${megabytes} MB to read`);
}
