import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import {
  type ArtifactPlace,
  imageProvenance,
  isReleaseTag,
  isSigned,
  movedTagFinding,
  sameRevisionFinding,
  unsignedFinding,
} from '@tidewaiter/provenance';
import {
  type Image,
  Provenances,
  type Push,
  revisionOf,
  Store,
  type StoredProvenance,
  type Warning,
} from '@tidewaiter/store';

import { Registries } from './registries.js';
import { Signers } from './signers.js';

/** What was found beside an image. */
interface Looked {
  provenance: StoredProvenance | null;
  findings: Finding[];
}

const revisionLabel = 'org.opencontainers.image.revision';
/** Labels hold any text; only what names a commit says that two images should be alike. */
const commit = /^[0-9a-f]{7,64}$/;

/** Where an image comes from: who signed it, what it was built from, and whether its names stood for something else before. */
@Injectable()
export class ImageOrigin {
  constructor(
    private readonly store: Store,
    private readonly provenances: Provenances,
    private readonly registries: Registries,
    private readonly signers: Signers,
  ) {}

  /** Looks again, and keeps what is known of an image in the repository of a push. */
  async examine(push: Push, image: Image, signal: AbortSignal): Promise<void> {
    const { provenance, findings } = await this.#lookForSignatures(push, image.digest, signal);
    const history = [...(await this.#movedTags(push)), ...(await this.#rebuilt(push, image, provenance))];
    await this.store.transaction((tx) =>
      this.provenances.put(tx, push, image.digest, provenance, [...findings, ...history]),
    );
  }

  /** What could not be looked at. */
  async warnings(push: Push, digest: Digest): Promise<Warning[]> {
    return (await this.provenances.get(push, digest))?.warnings ?? [];
  }

  async #lookForSignatures(push: Push, digest: Digest, signal: AbortSignal): Promise<Looked> {
    const required = this.signers.of(push.repository);
    if (!required) return { provenance: null, findings: [] };
    const place = this.#placeOf(push, signal);
    const found = await imageProvenance(place, [push.digest ?? digest, digest], required.trust);
    const { warnings } = found;
    const provenance = warnings.length > 0 ? await this.#orKnown(push, digest, found) : found;
    const findings = unsignedFinding(push.repository, provenance, required.names, warnings.length === 0);
    return { provenance, findings };
  }

  /** A registry that is ill takes no signature away that was there. */
  async #orKnown(push: Push, digest: Digest, found: StoredProvenance): Promise<StoredProvenance> {
    if (isSigned(found)) return found;
    const known = await this.provenances.get(push, digest);
    return known && isSigned(known) ? { ...known, warnings: found.warnings } : found;
  }

  #placeOf({ connection, repository }: Push, signal: AbortSignal): ArtifactPlace {
    const client = this.registries.client(connection);
    return {
      referrers: (digest) => client.referrers(repository, digest, signal),
      manifest: (reference) => client.manifest(repository, reference, signal),
      blob: (descriptor) => client.blob(repository, descriptor, signal),
    };
  }

  async #movedTags(push: Push): Promise<Finding[]> {
    const moved = await this.provenances.movedTags(push, push.digest!);
    return moved
      .filter(({ tag }) => isReleaseTag(tag))
      .map(({ tag, digest, pushedAt }) =>
        movedTagFinding(push.repository, tag, { digest, pushedAt: pushedAt.toISOString() }),
      );
  }

  async #rebuilt(push: Push, { digest, labels }: Image, provenance: StoredProvenance | null): Promise<Finding[]> {
    const attested = revisionOf(provenance?.attestations ?? []);
    const revision = attested ?? labels[revisionLabel];
    if (revision === undefined || !commit.test(revision)) return [];
    const before = await this.provenances.otherContentOf(push, digest, revision, push.receivedAt);
    if (!before) return [];
    const earlier = { digest: before.digest, pushedAt: before.pushedAt.toISOString() };
    return [sameRevisionFinding(push.repository, revision, attested !== null, earlier)];
  }
}
