import { Worker } from 'node:worker_threads';

import type { OnApplicationShutdown } from '@nestjs/common';
import { LimitExceeded } from '@tidewaiter/domain';

import { type AssemblyInput, assembleImage, type ImageAssembly } from './image-assembly.js';

/** Content of an image, by which its assembly takes time and memory. */
interface Size {
  entries: number;
  factBytes: number;
}

/** An image with no more is assembled at once, in up to a fifth of a second. */
const small: Size = { entries: 20_000, factBytes: 1024 * 1024 };
/** Images of a distribution with a runtime and its packages usually have no more. */
const usual: Size = { entries: 100_000, factBytes: 8 * 1024 * 1024 };
/** Heap for an image with as many entries as `imageLimits` allows, packages and all. */
const defaultHeapMegabytes = 1_024;
/** A thread takes a sixth of a second to start, and works at half its speed at first. */
const idleMs = 30_000;
/** After an image with more a thread ends, to give its memory back. */
const maxKeptEntries = 200_000;

// For source and build alike: a thread runs only compiled code.
const program = new URL('../../dist/push/assembly-thread.js', import.meta.url);

/**
 * Assembles images, all but small ones in threads: they would stop every other push of this process
 * for seconds, and one that needs too much memory would end it. Usual images do not wait for one
 * with millions of entries, which anyone can push.
 */
export class AssemblyThreads implements OnApplicationShutdown {
  readonly #usual: AssemblyThread;
  readonly #large: AssemblyThread;

  /** @param maxHeapMegabytes heap of each thread */
  constructor(maxHeapMegabytes: number = defaultHeapMegabytes) {
    this.#usual = new AssemblyThread(maxHeapMegabytes);
    this.#large = new AssemblyThread(maxHeapMegabytes);
  }

  /** @throws LimitExceeded `maxHeapMegabytes` */
  async assemble(input: AssemblyInput): Promise<ImageAssembly> {
    const size = sizeOf(input);
    if (isWithin(size, small)) return assembleImage(input);
    return (isWithin(size, usual) ? this.#usual : this.#large).assemble(input, size.entries <= maxKeptEntries);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.#usual.close(), this.#large.close()]);
  }
}

function sizeOf({ layers }: AssemblyInput): Size {
  return {
    entries: layers.reduce((sum, { entryCount }) => sum + entryCount, 0),
    factBytes: layers.reduce((sum, { facts }) => sum + (facts?.length ?? 0), 0),
  };
}

function isWithin(size: Size, limit: Size): boolean {
  return size.entries <= limit.entries && size.factBytes <= limit.factBytes;
}

/** A thread that assembles one image after the other, started when there is one. */
class AssemblyThread {
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly maxHeapMegabytes: number) {}

  /**
   * @param isKept whether the thread stays for the next image
   * @throws LimitExceeded `maxHeapMegabytes`
   */
  async assemble(input: AssemblyInput, isKept: boolean): Promise<ImageAssembly> {
    const assembly = this.#last.then(async () => this.#assembleNext(input, isKept));
    this.#last = assembly.catch(() => undefined);
    return assembly;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#end();
  }

  async #assembleNext(input: AssemblyInput, isKept: boolean): Promise<ImageAssembly> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= this.#started());
    const { promise, resolve, reject } = Promise.withResolvers<ImageAssembly>();
    thread.once('message', resolve).once('error', reject);
    thread.postMessage(input);
    try {
      return await promise;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
      const message = `merging the layers takes more than ${this.maxHeapMegabytes} MiB`;
      throw new LimitExceeded('maxHeapMegabytes', message);
    } finally {
      thread.off('message', resolve).off('error', reject);
      if (isKept) this.#idle = setTimeout(() => void this.#end(), idleMs).unref();
      else await this.#end();
    }
  }

  #started(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: this.maxHeapMegabytes };
    const thread = new Worker(program, { resourceLimits });
    thread.unref();
    // After any error it has ended.
    thread.on('error', () => (this.#thread = undefined));
    return thread;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}
