import { Worker } from 'node:worker_threads';

import type { OnApplicationShutdown } from '@nestjs/common';
import { LimitExceeded } from '@tidewaiter/domain';

import { type AssemblyInput, assembleImage, type ImageAssembly } from './image-assembly.js';
import { compareDocument, type DocumentComparison, type SbomDocument } from './sbom-document.js';

/** Work for a thread. */
export type ImageTask = { image: AssemblyInput } | { sbom: SbomDocument };

/** Content of an image, by which its assembly takes time and memory. */
interface Size {
  entries: number;
  factBytes: number;
}

/** An image with no more is assembled at once, in up to a fifth of a second. */
const small: Size = { entries: 20_000, factBytes: 1024 * 1024 };
/** Images of a distribution with a runtime and its packages usually have no more. */
const usual: Size = { entries: 100_000, factBytes: 8 * 1024 * 1024 };
/** A document with no more is compared at once, in some twenty milliseconds. */
const smallDocumentBytes = 256 * 1024;
/** Heap for an image with as many entries as `imageLimits` allows, packages and all. */
const defaultHeapMegabytes = 1_024;
/** A thread takes a sixth of a second to start, and works at half its speed at first. */
const idleMs = 30_000;
/** After an image with more a thread ends, to give its memory back. */
const maxKeptEntries = 200_000;

// For source and build alike: a thread runs only compiled code.
const program = new URL('../../dist/push/image-thread.js', import.meta.url);

/**
 * Assembles images and compares their SBOMs, all but small ones in threads: they would stop every
 * other push of this process for seconds, and one that needs too much memory would end it. Usual
 * images do not wait for one with millions of entries, which anyone can push.
 */
export class ImageThreads implements OnApplicationShutdown {
  readonly #usual: ImageThread;
  readonly #large: ImageThread;

  /** @param maxHeapMegabytes heap of each thread */
  constructor(maxHeapMegabytes: number = defaultHeapMegabytes) {
    this.#usual = new ImageThread(maxHeapMegabytes);
    this.#large = new ImageThread(maxHeapMegabytes);
  }

  /** @throws LimitExceeded `maxHeapMegabytes` */
  async assemble(input: AssemblyInput): Promise<ImageAssembly> {
    const size = sizeOf(input);
    if (isWithin(size, small)) return assembleImage(input);
    const thread = isWithin(size, usual) ? this.#usual : this.#large;
    return thread.run<ImageAssembly>({ image: input }, size.entries <= maxKeptEntries);
  }

  /** @throws LimitExceeded `maxHeapMegabytes` */
  async compare(document: SbomDocument): Promise<DocumentComparison> {
    if (document.content.length <= smallDocumentBytes) return compareDocument(document);
    return this.#usual.run<DocumentComparison>({ sbom: document }, true);
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

/** A thread that does one task after the other, started when there is one. */
class ImageThread {
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly maxHeapMegabytes: number) {}

  /**
   * @param isKept whether the thread stays for the next task
   * @throws LimitExceeded `maxHeapMegabytes`
   */
  async run<Result>(task: ImageTask, isKept: boolean): Promise<Result> {
    const result = this.#last.then(async () => this.#runNext<Result>(task, isKept));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#end();
  }

  async #runNext<Result>(task: ImageTask, isKept: boolean): Promise<Result> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= this.#started());
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    thread.once('message', resolve).once('error', reject);
    thread.postMessage(task);
    try {
      return await promise;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
      const work = 'sbom' in task ? 'reading the SBOM' : 'merging the layers';
      const message = `${work} takes more than ${this.maxHeapMegabytes} MiB`;
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
