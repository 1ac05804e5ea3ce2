import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import { failpoint } from '@tidewaiter/runtime';
import { type Image, Provenances, type Push, Store, type PushWarning } from '@tidewaiter/store';

import type { ExaminedImage } from '../provenance/identity-check.js';
import { ImageSignatures } from '../provenance/image-signatures.js';

/** Finds the origin of an image: its signers. */
@Injectable()
export class OriginFinder {
  constructor(
    private readonly store: Store,
    private readonly provenances: Provenances,
    private readonly signatures: ImageSignatures,
  ) {}

  /**
   * Verifies an image again and stores its provenance for the repository of the push; returns the
   * identity that its attached artifacts claim.
   */
  async examine(push: Push, image: Image, signal: AbortSignal): Promise<ExaminedImage> {
    const { provenance, findings, presented, warnings } = await this.signatures.verify(push, image.digest, signal);
    await this.store.transaction((tx) => this.provenances.put(tx, push, image.digest, provenance, findings));
    failpoint('push.signatures-stored');
    return { digest: image.digest, presented, warnings };
  }

  /** Version of the signers by which {@link examine} verifies the images of a push. */
  signersVersion({ repository }: Push): string {
    return this.signatures.signersVersion(repository);
  }

  /** Warnings of the stored provenance about parts that could not be verified. */
  async warnings(push: Push, digest: Digest): Promise<PushWarning[]> {
    return (await this.provenances.get(push, digest))?.warnings ?? [];
  }
}
