import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import { type Image, Provenances, type Push, type Transaction } from '@tidewaiter/store';

import { ImageSignatures, type SignedOrigin } from '../provenance/image-signatures.js';

/** An image, and what its attached artifacts claim and prove. */
export interface ExaminedOrigin extends SignedOrigin {
  digest: Digest;
}

/** Finds the origin of an image: its signers. */
@Injectable()
export class OriginFinder {
  constructor(
    private readonly provenances: Provenances,
    private readonly signatures: ImageSignatures,
  ) {}

  /** Verifies an image again. */
  async examine(push: Push, { digest }: Image, signal: AbortSignal): Promise<ExaminedOrigin> {
    return { digest, ...(await this.signatures.verify(push, digest, signal)) };
  }

  /** Stores the provenance of an image for the repository of the push. */
  async put(tx: Transaction, push: Push, { digest, provenance, findings }: ExaminedOrigin): Promise<void> {
    await this.provenances.put(tx, push, digest, provenance, findings);
  }

  /** Version of the signers by which {@link examine} verifies the images of a push. */
  signersVersion({ repository }: Push): string {
    return this.signatures.signersVersion(repository);
  }
}
