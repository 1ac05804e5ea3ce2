import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import { type Image, Provenances, type Push, Store, type Warning } from '@tidewaiter/store';

import { ImageSignatures } from './image-signatures.js';
import { TagOrigin } from './tag-origin.js';

/** Where an image comes from: who signed it, and whether its names stood for something else before. */
@Injectable()
export class ImageOrigin {
  constructor(
    private readonly store: Store,
    private readonly provenances: Provenances,
    private readonly signatures: ImageSignatures,
    private readonly tags: TagOrigin,
  ) {}

  /** Looks again, and keeps what is known of an image in the repository of a push. */
  async examine(push: Push, image: Image, signal: AbortSignal): Promise<void> {
    const { provenance, findings } = await this.signatures.look(push, image.digest, signal);
    const { tag } = push;
    const ofTag = tag === null ? [] : await this.tags.findings({ ...push, tag });
    await this.store.transaction(async (tx) => {
      await this.provenances.put(tx, push, image.digest, provenance, findings);
      if (tag !== null) await this.provenances.putOfTag(tx, { ...push, tag }, image.digest, ofTag);
    });
  }

  /** What could not be looked at. */
  async warnings(push: Push, digest: Digest): Promise<Warning[]> {
    return (await this.provenances.get(push, digest))?.warnings ?? [];
  }
}
