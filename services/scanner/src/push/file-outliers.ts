import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import { fileOutliers } from '@tidewaiter/integrity';
import { type ContentFinding, FleetFiles, type Image, jobsOf, type Push, type Transaction } from '@tidewaiter/store';

/** Limit on paths whose texts are in memory at once: 10 times 32 contents of 64 KiB are 20 MiB. */
const pathsAtOnce = 10;

/** Files of an image that differ from other images, and what follows. */
export interface ComparedFiles {
  /** Paths that several contents contest. */
  paths: readonly string[];
  outliers: readonly ContentFinding[];
  findings: readonly Finding[];
}

/** Compares the files that no package owns with the same paths in other images. */
@Injectable()
export class FileOutliers {
  constructor(private readonly files: FleetFiles) {}

  /**
   * Compares the files of an image, which must be committed: of two images evaluated at the same
   * time, one sees the other.
   */
  async compare({ digest }: Image): Promise<ComparedFiles> {
    const paths = await this.files.contestedPaths(digest);
    const outliers = await this.#outliers(digest, paths);
    return { paths, outliers, findings: await this.files.findingsOf(digest, outliers) };
  }

  /** Queues the pushes of other images that an image makes outliers. */
  async queueOthers(tx: Transaction, push: Push, digest: Digest, { paths, outliers }: ComparedFiles): Promise<void> {
    const stale = await this.files.stalePushes(tx, digest, push, paths, outliers);
    await tx.enqueue(...jobsOf('reevaluate', stale, 'interactive'));
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
