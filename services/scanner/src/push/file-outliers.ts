import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import { fileOutlierId, fileOutliers } from '@tidewaiter/integrity';
import { type ContentFinding, FleetFiles, type Image, type Push, Revisions, Store, jobsOf } from '@tidewaiter/store';

/** Limit on paths whose texts are in memory at once: 10 times 32 contents of 64 KiB are 20 MiB. */
const pathsAtOnce = 10;

/** Compares the files that no package owns with the same paths in other images. */
@Injectable()
export class FileOutliers {
  constructor(
    private readonly store: Store,
    private readonly files: FleetFiles,
    private readonly revisions: Revisions,
  ) {}

  /**
   * Stores the findings of an image, whose files must be committed, and queues the pushes of other
   * images that it makes outliers: of two images evaluated at the same time, one sees the other.
   * @returns whether the image has a new finding
   */
  async examine(push: Push, { digest }: Image): Promise<boolean> {
    const paths = await this.files.contestedPaths(digest);
    const outliers = await this.#outliers(digest, paths);
    const findings = await this.files.findingsOf(digest, outliers);
    return this.store.transaction(async (tx) => {
      const stale = await this.files.stalePushes(tx, digest, push, paths, outliers);
      await tx.enqueue(...jobsOf('reevaluate', stale, 'interactive'));
      return this.revisions.putFindings(tx, push, digest, fileOutlierId, findings);
    });
  }

  async #outliers(image: Digest, paths: readonly string[]): Promise<ContentFinding[]> {
    const found: ContentFinding[] = [];
    for (let start = 0; start < paths.length; start += pathsAtOnce) {
      const variants = await this.files.variants(image, paths.slice(start, start + pathsAtOnce));
      for (const [path, contents] of variants)
        for (const { sha256, findingIn } of fileOutliers(path, contents))
          found.push({ path, sha256, finding: findingIn(null) });
    }
    return found;
  }
}
