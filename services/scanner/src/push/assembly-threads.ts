import { Worker } from 'node:worker_threads';

import { Injectable } from '@nestjs/common';
import { LimitExceeded } from '@tidewaiter/domain';

import { type AssemblyInput, assembleImage, type ImageAssembly } from './image-assembly.js';

/**
 * An image with less is assembled at once: that takes up to a tenth of a second, as long as the
 * start of a thread.
 */
const apartFromEntries = 30_000;
const apartFromFactBytes = 512 * 1024;
/** Heap for an image with as many entries as `imageLimits` allows, packages and all. */
const maxHeapMegabytes = 1_536;

// For source and build alike: a thread runs only compiled code.
const program = new URL('../../dist/push/assembly-thread.js', import.meta.url);

/**
 * Assembles images, large ones in a thread, one at a time: they would stop every other push of this
 * process for seconds, and one that needs too much memory would end it.
 */
@Injectable()
export class AssemblyThreads {
  #last: Promise<unknown> = Promise.resolve();

  /** @throws as {@link assembleApart} */
  async assemble(input: AssemblyInput): Promise<ImageAssembly> {
    if (!isLarge(input)) return assembleImage(input);
    const assembly = this.#last.then(async () => assembleApart(input));
    this.#last = assembly.catch(() => undefined);
    return assembly;
  }
}

function isLarge({ layers }: AssemblyInput): boolean {
  let [entries, factBytes] = [0, 0];
  for (const { entryCount, facts } of layers) {
    entries += entryCount;
    factBytes += facts?.length ?? 0;
  }
  return entries > apartFromEntries || factBytes > apartFromFactBytes;
}

/** Assembles an image in a thread. @throws LimitExceeded `maxHeapMegabytes` */
export async function assembleApart(
  input: AssemblyInput,
  maxOldGenerationSizeMb: number = maxHeapMegabytes,
): Promise<ImageAssembly> {
  const { promise, resolve, reject } = Promise.withResolvers<ImageAssembly>();
  const thread = new Worker(program, { workerData: input, resourceLimits: { maxOldGenerationSizeMb } });
  thread.once('message', resolve);
  thread.once('error', (error: NodeJS.ErrnoException) => {
    const isFull = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    reject(
      isFull
        ? new LimitExceeded('maxHeapMegabytes', `merging the layers takes more than ${maxOldGenerationSizeMb} MiB`)
        : error,
    );
  });
  thread.once('exit', () => reject(new Error('the thread ended without a result')));
  return promise;
}
