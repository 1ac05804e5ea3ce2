import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import {
  type ArtifactPlace,
  type AttestedSbom,
  buildStatementsWithin,
  imageProvenance,
  isSigned,
  type PresentedIdentity,
  presenceLimits,
  provenanceLimits,
  readTrust,
  unsignedFinding,
  type UnsignedSbom,
} from '@tidewaiter/provenance';
import { PipelineReports, Provenances, type Push, type StoredProvenance, type PushWarning } from '@tidewaiter/store';

import { Registries } from '../registries.js';
import { Signers } from './signers.js';

/** Provenance of an image from its attached artifacts, and its findings. */
export interface SignedOrigin {
  /** Null if no signer is configured for the repository. */
  provenance: StoredProvenance | null;
  findings: Finding[];
  /** Claims of the attached artifacts, whether or not their signer is trusted. */
  presented: PresentedIdentity;
  /** SBOMs of its signers. */
  sboms: AttestedSbom[];
  /** Unsigned SBOMs beside the image, which are not read yet. */
  unsignedSboms: UnsignedSbom[];
  warnings: PushWarning[];
}

const noTrust = readTrust([]);

/**
 * Verifies signatures and attestations of an image: those attached in the registry, and those that
 * its pipeline sent.
 */
@Injectable()
export class ImageSignatures {
  constructor(
    private readonly provenances: Provenances,
    private readonly reports: PipelineReports,
    private readonly registries: Registries,
    private readonly signers: Signers,
  ) {}

  signersVersion(repository: string): string {
    return this.signers.versionOf(repository);
  }

  async verify(push: Push, digest: Digest, signal: AbortSignal): Promise<SignedOrigin> {
    const required = this.signers.of(push.repository);
    const index = push.digest ?? digest;
    const digests = [index, digest];
    const sent = (await this.reports.attestations(push, digests)).map((each) => ({ ...each, annotations: {} }));
    const reported = Map.groupBy(sent, ({ imageDigest }) => imageDigest);
    const limits = required ? provenanceLimits : presenceLimits;
    const place = this.#placeOf(push, signal);
    const { presented, unsignedSboms, sboms, ...found } = await imageProvenance(
      place,
      digests,
      required?.trust ?? noTrust,
      {
        reported,
        limits,
        ...(index !== digest && { buildStatements: () => buildStatementsWithin(place, index, digest) }),
      },
    );
    const { warnings } = found;
    const attached = { presented, sboms, unsignedSboms, warnings };
    if (!required) return { provenance: null, findings: [], ...attached };
    const provenance = warnings.length > 0 ? await this.#orKnown(push, digest, found) : found;
    const signedIn = isSigned(provenance) ? null : await this.#signedElsewhere(push, digest, required.names);
    const findings = unsignedFinding(push.repository, provenance, required.names, warnings.length === 0, signedIn);
    return { provenance, findings, ...attached };
  }

  /**
   * Returns another repository in which one of the signers has verifiably signed the same image.
   */
  async #signedElsewhere(push: Push, digest: Digest, names: readonly string[]): Promise<string | null> {
    const places = await this.provenances.ofImage(digest);
    const signed = places.find(
      ({ connection, repository, signatures, attestations }) =>
        (connection !== push.connection || repository !== push.repository) &&
        [...signatures, ...attestations].some(({ signer }) => signer !== null && names.includes(signer.name)),
    );
    return signed ? `${signed.connection}/${signed.repository}` : null;
  }

  /** A registry error does not revoke a known signature. */
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
