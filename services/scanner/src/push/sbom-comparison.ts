import { Injectable } from '@nestjs/common';
import { commonSbomDifferences, sbomDifferences } from '@tidewaiter/analyzers';
import { type Digest, type Finding, type ImagePackage, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';
import {
  attestedSbomFindings,
  sbomFinding,
  sbomFindingFingerprint,
  type SbomSource,
  sbomSources,
  type UnsignedSbom,
  unsignedSbomFindings,
  unsignedSbomFingerprint,
} from '@tidewaiter/provenance';
import { Logger } from '@tidewaiter/runtime';
import { type Image, Images, PipelineReports, type Push } from '@tidewaiter/store';

import type { SignedOrigin } from '../provenance/image-signatures.js';
import { Signers } from '../provenance/signers.js';
import { Registries } from '../registries.js';
import { ImageThreads } from './image-threads.js';
import type { DocumentComparison } from './sbom-document.js';

/** SBOMs of an image in its registry, and warnings about what could not be read there. */
export interface AttachedSboms extends Pick<SignedOrigin, 'sboms' | 'unsignedSboms' | 'warnings'> {
  signal: AbortSignal;
}

/** Findings about the SBOMs of an image. */
export interface SbomFindings {
  findings: Finding[];
  /** Fingerprints of earlier findings that stay, as their SBOMs were not read. */
  kept: string[];
}

type ReadPackages = () => Promise<ImagePackage[]>;

/**
 * Compares the packages of an image with the SBOMs of its signers and its pipeline, and with
 * unsigned ones.
 */
@Injectable()
export class SbomComparison {
  constructor(
    private readonly images: Images,
    private readonly reports: PipelineReports,
    private readonly registries: Registries,
    private readonly signers: Signers,
    private readonly threads: ImageThreads,
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
    let read: Promise<ImagePackage[]> | undefined;
    const packages = async () => (read ??= this.images.packages(digest));
    const ofPipeline = await this.#ofPipeline(push, digest, packages);
    const ofSigners = await this.#ofSigners(push, digest, attached, packages);
    const unsigned = await this.#unsigned(push, digest, attached, packages);
    const findings = [...ofPipeline, ...ofSigners.findings, ...unsigned.findings];
    const compared = new Set(findings.map(({ fingerprint }) => fingerprint));
    const kept = [...ofSigners.kept, ...unsigned.kept].filter((fingerprint) => !compared.has(fingerprint));
    return { findings, kept };
  }

  async #ofPipeline(push: Push, digest: Digest, packages: ReadPackages): Promise<Finding[]> {
    const sent = await this.reports.sbom(push, digest);
    if (!sent) return [];
    const compared = await this.#compared(sent.content, await packages());
    if ('differences' in compared)
      return sbomFinding(push.repository, 'the pipeline', sent.digest, compared.differences);
    const reason = compared.problem;
    this.logger.warn({ image_digest: digest, document_digest: sent.digest, reason }, 'SBOM not compared');
    return [];
  }

  async #compared(content: Uint8Array, packages: ImagePackage[]): Promise<DocumentComparison> {
    try {
      return await this.threads.compare({ content, packages });
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      return { problem: error.message };
    }
  }

  async #ofSigners(
    { repository }: Push,
    digest: Digest,
    attached: AttachedSboms | undefined,
    packages: ReadPackages,
  ): Promise<SbomFindings> {
    const isComplete = attached !== undefined && attached.warnings.length === 0;
    const unread = isComplete ? [] : (this.signers.of(repository)?.names ?? []);
    const kept = unread.map((name) => sbomFindingFingerprint(repository, name));
    if (!attached || attached.sboms.length === 0) return { findings: [], kept };
    const known = await packages();
    const { findings, warnings } = attestedSbomFindings(repository, attached.sboms, (document) =>
      sbomDifferences(document, known),
    );
    this.#warn(digest, warnings);
    return { findings, kept };
  }

  async #unsigned(
    { connection, repository, digest: pushed }: Push,
    digest: Digest,
    attached: AttachedSboms | undefined,
    packages: ReadPackages,
  ): Promise<SbomFindings> {
    const of = (sources: readonly SbomSource[]) => sources.map((source) => unsignedSbomFingerprint(repository, source));
    if (!attached) return { findings: [], kept: of(sbomSources) };
    const { unsignedSboms, warnings: missing, signal } = attached;
    // An image that was also pushed alone is not compared with its index there.
    const unread = missing.length > 0 ? sbomSources : pushed === digest ? (['buildkit'] as const) : [];
    if (unsignedSboms.length === 0) return { findings: [], kept: of(unread) };
    const client = this.registries.client(connection);
    const place = { blob: (descriptor: UnsignedSbom['blob']) => client.blob(repository, descriptor, signal) };
    const known = await packages();
    const { findings, warnings, isComplete } = await unsignedSbomFindings(
      place,
      { repository, digest },
      unsignedSboms,
      (document) => commonSbomDifferences(document, known),
    );
    this.#warn(digest, warnings);
    return { findings, kept: of(isComplete ? unread : sbomSources) };
  }

  #warn(digest: Digest, warnings: readonly Warning[]): void {
    for (const { code, message } of warnings)
      this.logger.warn({ image_digest: digest, code, reason: message }, 'SBOM not compared');
  }
}
