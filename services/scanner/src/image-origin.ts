import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import { sameRevisionFinding } from '@tidewaiter/provenance';
import {
  type Image,
  PipelineReports,
  Provenances,
  type Push,
  revisionOf,
  Store,
  type StoredProvenance,
  type Warning,
} from '@tidewaiter/store';

import { ImageSignatures } from './image-signatures.js';
import { TagOrigin } from './tag-origin.js';

const revisionLabel = 'org.opencontainers.image.revision';
/** Labels hold any text; only what names a commit says that two images should be alike. */
const commit = /^[0-9a-f]{7,64}$/;

/** Where an image comes from: who signed it, what it was built from, and whether its names stood for something else before. */
@Injectable()
export class ImageOrigin {
  constructor(
    private readonly store: Store,
    private readonly provenances: Provenances,
    private readonly signatures: ImageSignatures,
    private readonly reports: PipelineReports,
    private readonly tags: TagOrigin,
  ) {}

  /** Looks again, and keeps what is known of an image in the repository of a push. */
  async examine(push: Push, image: Image, signal: AbortSignal): Promise<void> {
    const { provenance, findings } = await this.signatures.look(push, image.digest, signal);
    const ofImage = [...findings, ...(await this.#rebuilt(push, image, provenance))];
    const { tag } = push;
    const ofTag = tag === null ? [] : await this.tags.findings({ ...push, tag });
    await this.store.transaction(async (tx) => {
      await this.provenances.put(tx, push, image.digest, provenance, ofImage);
      if (tag !== null) await this.provenances.putOfTag(tx, { ...push, tag }, image.digest, ofTag);
    });
  }

  /** What could not be looked at. */
  async warnings(push: Push, digest: Digest): Promise<Warning[]> {
    return (await this.provenances.get(push, digest))?.warnings ?? [];
  }

  async #rebuilt(push: Push, { digest, labels }: Image, provenance: StoredProvenance | null): Promise<Finding[]> {
    // A signer says so, or the CI itself; whoever builds an image labels it as he likes.
    const known =
      revisionOf(provenance?.attestations ?? []) ?? (await this.reports.provenRevision(push, [push.digest!, digest]));
    const revision = known ?? labels[revisionLabel];
    if (revision === undefined || !commit.test(revision)) return [];
    const before = await this.provenances.otherContentOf(push, digest, revision, push.receivedAt);
    if (!before) return [];
    const earlier = { digest: before.digest, pushedAt: before.pushedAt.toISOString() };
    return [sameRevisionFinding(push.repository, revision, known !== null, earlier)];
  }
}
