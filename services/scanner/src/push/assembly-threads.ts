import { Worker } from 'node:worker_threads';

import type { OnApplicationShutdown } from '@nestjs/common';
import { LimitExceeded } from '@tidewaiter/domain';

import { type AssemblyInput, assembleImage, type ImageAssembly } from './image-assembly.js';

/** An image with less is assembled at once, in up to a fifth of a second. */
const apartFromEntries = 20_000;
const apartFromFactBytes = 1024 * 1024;
/** Heap for an image with as many entries as `imageLimits` allows, packages and all. */
const defaultHeapMegabytes = 1_024;
/** A thread takes a sixth of a second to start, and works at half its speed at first. */
const idleMs = 30_000;
/** After an image with more a thread ends, to give its memory back. */
const maxKeptEntries = 200_000;

// For source and build alike: a thread runs only compiled code.
const program = new URL('../../dist/push/assembly-thread.js', import.meta.url);

/**
 * Assembles images, large ones in a thread, one at a time: they would stop every other push of this
 * process for seconds, and one that needs too much memory would end it.
 */
export class AssemblyThreads implements OnApplicationShutdown {
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param maxHeapMegabytes heap of the thread */
  constructor(private readonly maxHeapMegabytes: number = defaultHeapMegabytes) {}

  /** @throws LimitExceeded `maxHeapMegabytes` */
  async assemble(input: AssemblyInput): Promise<ImageAssembly> {
    const entries = input.layers.reduce((sum, { entryCount }) => sum + entryCount, 0);
    const factBytes = input.layers.reduce((sum, { facts }) => sum + (facts?.length ?? 0), 0);
    if (entries <= apartFromEntries && factBytes <= apartFromFactBytes) return assembleImage(input);
    const assembly = this.#last.then(async () => this.#assembleApart(input, entries <= maxKeptEntries));
    this.#last = assembly.catch(() => undefined);
    return assembly;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#last;
    await this.#end();
  }

  async #assembleApart(input: AssemblyInput, isKept: boolean): Promise<ImageAssembly> {
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
