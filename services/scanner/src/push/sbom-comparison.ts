import { Injectable } from '@nestjs/common';
import { sbomDifferences } from '@tidewaiter/analyzers';
import { type Finding, TidewaiterError } from '@tidewaiter/domain';
import { sbomFinding } from '@tidewaiter/provenance';
import { Logger } from '@tidewaiter/runtime';
import { type Image, Images, PipelineReports, type Push } from '@tidewaiter/store';

/** Compares the packages of an image with the SBOM that its pipeline sent. */
@Injectable()
export class SbomComparison {
  constructor(
    private readonly images: Images,
    private readonly reports: PipelineReports,
    private readonly logger: Logger,
  ) {}

  /** Compares an image, whose packages must be committed. */
  async findings(push: Push, { digest, unreadLayers }: Image): Promise<Finding[]> {
    // The packages of an unread layer are unknown, not absent.
    if (unreadLayers.length > 0) return [];
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
