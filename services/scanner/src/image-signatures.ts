import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import { type ArtifactPlace, imageProvenance, isSigned, unsignedFinding } from '@tidewaiter/provenance';
import { PipelineReports, Provenances, type Push, type StoredProvenance } from '@tidewaiter/store';

import { Registries } from './registries.js';
import { Signers } from './signers.js';

/** What was found beside an image, and what is wrong with it. */
export interface SignedOrigin {
  /** Null where nobody's signature counts. */
  provenance: StoredProvenance | null;
  findings: Finding[];
}

/** Who vouches for an image: in the registry, beside it, and in what its pipeline sent. */
@Injectable()
export class ImageSignatures {
  constructor(
    private readonly provenances: Provenances,
    private readonly reports: PipelineReports,
    private readonly registries: Registries,
    private readonly signers: Signers,
  ) {}

  async look(push: Push, digest: Digest, signal: AbortSignal): Promise<SignedOrigin> {
    const required = this.signers.of(push.repository);
    if (!required) return { provenance: null, findings: [] };
    const digests = [push.digest ?? digest, digest];
    const sent = (await this.reports.attestations(push, digests)).map((each) => ({ ...each, annotations: {} }));
    const told = Map.groupBy(sent, ({ imageDigest }) => imageDigest);
    const found = await imageProvenance(this.#placeOf(push, signal), digests, required.trust, told);
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
}
