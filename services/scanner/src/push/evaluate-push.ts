import { Injectable } from '@nestjs/common';
import { countFindings, type Digest, type Platform, type SeverityCounts } from '@tidewaiter/domain';
import { type Image, Images, Judgements, type Push, type Verdict, type Warning } from '@tidewaiter/store';

import { ImageMatching } from '../matching/image-matching.js';
import { type ExaminedImage, PushIdentity } from '../provenance/push-identity.js';
import { FileOutliers } from './file-outliers.js';
import { ImageAssembly } from './image-inventory.js';
import { ImageOrigin } from './image-origin.js';
import { SameRevision } from './same-revision.js';

/** Result of judging a push. */
export interface Judgement {
  platforms: { platform: Platform; digest: Digest }[];
  verdict: Verdict;
  counts: SeverityCounts;
  warnings: Warning[];
  rulesVersion: string;
  /** Whether a layer was read that was missing before, or a file differs from images that came later. */
  isNews: boolean;
}

/** Judges a push whose layers are all read, or known to be unreadable. */
@Injectable()
export class PushJudgement {
  constructor(
    private readonly images: Images,
    private readonly judgements: Judgements,
    private readonly assembly: ImageAssembly,
    private readonly matching: ImageMatching,
    private readonly origin: ImageOrigin,
    private readonly sameRevision: SameRevision,
    private readonly fileOutliers: FileOutliers,
    private readonly identity: PushIdentity,
  ) {}

  /** First verifies the signatures of the images, which are in the registry alone. */
  async judgeWithOrigin(push: Push, signal: AbortSignal): Promise<Judgement> {
    const examined: ExaminedImage[] = [];
    for (const image of await this.images.ofPush(push.id))
      examined.push(await this.origin.examine(push, image, signal));
    await this.identity.judge(push, examined);
    return this.judge(push);
  }

  /** Judges a push from stored data. */
  async judge(push: Push): Promise<Judgement> {
    const before = await this.images.ofPush(push.id);
    for (const image of before) {
      await this.assembly.assemble(image);
      await this.matching.match(image.digest);
    }
    const images = await this.images.ofPush(push.id);
    let hasOutliersAdded = false;
    for (const image of images) {
      await this.sameRevision.examine(push, image);
      if (await this.fileOutliers.examine(push, image)) hasOutliersAdded = true;
    }
    await this.identity.noteSigns(push);
    const judged = await this.judgements.of(push, images, await this.#warnings(push, images));
    return {
      platforms: images.map(({ platform, digest }) => ({ platform, digest })),
      verdict: judged.verdict.result,
      counts: countFindings(judged.findings),
      warnings: judged.warnings,
      rulesVersion: this.judgements.rulesVersion(),
      isNews: hasOutliersAdded || unreadCount(images) < unreadCount(before),
    };
  }

  async #warnings(push: Push, images: readonly Image[]): Promise<Warning[]> {
    const perImage = await Promise.all(
      images.map(async ({ digest, os, warnings }) => [
        ...warnings,
        ...(await this.matching.blindSpots(digest, os)),
        ...(await this.origin.warnings(push, digest)),
      ]),
    );
    const unique = new Map(
      [...perImage.flat(), ...(await this.identity.warnings(push))].map((warning) => [
        JSON.stringify(warning),
        warning,
      ]),
    );
    return [...unique.values()];
  }
}

function unreadCount(images: readonly Image[]): number {
  return images.flatMap(({ unreadLayers }) => unreadLayers).length;
}
