import type { SourceLayer } from '../sources/image-source.js';

/**
 * Local blobs that were compared with their digests. Images of a fleet share layers, often as hard
 * links: one file is compared once in a run, as long as it is not written.
 */
export class VerifiedBlobs {
  readonly #known = new Set<string>();

  /** @throws as {@link SourceLayer.verify} */
  async verify({ digest, diffId, sizeBytes, verify, state }: SourceLayer): Promise<void> {
    if (!verify) return;
    const before = await state?.();
    const key = [digest, diffId, sizeBytes, before].join(' ');
    if (before !== undefined && this.#known.has(key)) return;
    await verify();
    // One that was written meanwhile is compared again.
    if (before !== undefined && (await state?.()) === before) this.#known.add(key);
  }
}
