import { Injectable } from '@nestjs/common';
import { commonSbomDifferences, sbomDifferences } from '@tidewaiter/analyzers';
import { type Digest, type Finding, TidewaiterError } from '@tidewaiter/domain';
import {
  sbomFinding,
  type SbomSource,
  sbomSources,
  type UnsignedSbom,
  unsignedSbomFindings,
  unsignedSbomFingerprint,
} from '@tidewaiter/provenance';
import { Logger } from '@tidewaiter/runtime';
import { type Image, Images, PipelineReports, type Push } from '@tidewaiter/store';

import type { SignedOrigin } from '../provenance/image-signatures.js';
import { Registries } from '../registries.js';

/** SBOMs beside an image in its registry, and warnings about what could not be read there. */
export interface AttachedSboms extends Pick<SignedOrigin, 'unsignedSboms' | 'warnings'> {
  signal: AbortSignal;
}

/** Findings about the SBOMs of an image. */
export interface SbomFindings {
  findings: Finding[];
  /** Fingerprints of earlier findings that stay, as their SBOMs were not read. */
  kept: string[];
}

/** Compares the packages of an image with the SBOM of its pipeline, and with unsigned ones. */
@Injectable()
export class SbomComparison {
  constructor(
    private readonly images: Images,
    private readonly reports: PipelineReports,
    private readonly registries: Registries,
    private readonly logger: Logger,
  ) {}

  /**
   * Compares an image, whose packages must be committed.
   * @param attached SBOMs in the registry; without them, what is known about them stays
   */
  async compare(push: Push, image: Image, attached: AttachedSboms | undefined): Promise<SbomFindings> {
    // The packages of an unread layer are unknown, not absent.
    if (image.unreadLayers.length > 0) return { findings: [], kept: [] };
    const { digest } = image;
    const ofPipeline = await this.#ofPipeline(push, digest);
    const { findings, unread } = attached
      ? await this.#ofRegistry(push, digest, attached)
      : { findings: [], unread: sbomSources };
    const compared = new Set(findings.map(({ fingerprint }) => fingerprint));
    const kept = unread.map((source) => unsignedSbomFingerprint(push.repository, source));
    return { findings: [...ofPipeline, ...findings], kept: kept.filter((fingerprint) => !compared.has(fingerprint)) };
  }

  async #ofRegistry(
    { connection, repository, digest: pushed }: Push,
    digest: Digest,
    { unsignedSboms, warnings: missing, signal }: AttachedSboms,
  ): Promise<{ findings: Finding[]; unread: readonly SbomSource[] }> {
    // An image that was also pushed alone is not compared with its index there.
    const unread = missing.length > 0 ? sbomSources : pushed === digest ? (['buildkit'] as const) : [];
    if (unsignedSboms.length === 0) return { findings: [], unread };
    const client = this.registries.client(connection);
    const place = { blob: (descriptor: UnsignedSbom['blob']) => client.blob(repository, descriptor, signal) };
    const packages = await this.images.packages(digest);
    const { findings, warnings, isComplete } = await unsignedSbomFindings(
      place,
      { repository, digest },
      unsignedSboms,
      (document) => commonSbomDifferences(document, packages),
    );
    for (const { code, message } of warnings)
      this.logger.warn({ image_digest: digest, code, reason: message }, 'SBOM not compared');
    return { findings, unread: isComplete ? unread : sbomSources };
  }

  async #ofPipeline(push: Push, digest: Digest): Promise<Finding[]> {
    const sent = await this.reports.sbom(push, digest);
    if (!sent) return [];
    try {
      const document: unknown = JSON.parse(sent.content.toString('utf8'));
      const differences = sbomDifferences(document, await this.images.packages(digest));
      return sbomFinding(push.repository, 'the pipeline', sent.digest, differences);
    } catch (error) {
      if (!(error instanceof TidewaiterError) && !(error instanceof SyntaxError)) throw error;
      this.logger.warn({ image_digest: digest, document_digest: sent.digest, err: error }, 'SBOM not compared');
      return [];
    }
  }
}
