import { Injectable } from '@nestjs/common';
import { LimitExceeded } from '@tidewaiter/domain';
import { PackedManifest } from '@tidewaiter/facts';
import { imageLimits } from '@tidewaiter/oci';
import {
  FileContents,
  FleetFiles,
  type Image,
  ImageManifests,
  Images,
  Store,
  type Transaction,
} from '@tidewaiter/store';

import { Analysis, notEvaluated } from '../analysis.js';
import { ImageThreads } from './image-threads.js';
import { PackageOutliers } from './package-outliers.js';

/** Builds the inventory of an image from the analysis of its layers. */
@Injectable()
export class ImageInventory {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly manifests: ImageManifests,
    private readonly contents: FileContents,
    private readonly outliers: PackageOutliers,
    private readonly fleetFiles: FleetFiles,
    private readonly threads: ImageThreads,
    private readonly analysis: Analysis,
  ) {}

  /** Merges the layers of an image and stores its inventory, where {@link prepare} finds any. */
  async assemble(image: Image): Promise<void> {
    const put = await this.prepare(image);
    if (put) await this.store.transaction(put);
  }

  /**
   * Merges the layers of an image and returns what stores its inventory; null if these analyzers
   * have done so with the same layers unread.
   * @throws LimitExceeded `maxImageEntries`, `maxHeapMegabytes`
   */
  async prepare(image: Image): Promise<((tx: Transaction) => Promise<void>) | null> {
    const { digest, analyzersVersion, configVersion, unreadLayers: missed } = image;
    const { version, imageVersion, options } = this.analysis;
    const isCurrent = analyzersVersion === imageVersion;
    if (isCurrent && (await this.images.unreadIndexes(digest, version)).join() === missed.join()) return null;
    const { maxImageEntries } = { ...imageLimits, ...this.analysis.limits.image };
    const layers = await this.images.layers(digest, maxImageEntries);
    if (!layers)
      throw new LimitExceeded('maxImageEntries', `the layers have more than ${maxImageEntries} entries together`);
    const assembly = await this.threads.assemble({ layers, labels: image.labels, version, options });
    const { programs, unowned, contents, files: packed, findings, ...inventory } = assembly;
    const files = new PackedManifest(Buffer.from(packed.buffer, packed.byteOffset, packed.length));
    return async (tx) => {
      const outliers = await this.outliers.find(tx, digest, inventory.packages, programs);
      await this.fleetFiles.put(tx, digest, unowned);
      await this.contents.put(tx, digest, contents, files);
      await this.manifests.put(tx, digest, files);
      await this.images.analyzed(tx, digest, imageVersion, {
        ...inventory,
        findings: [...findings, ...outliers],
        notEvaluated: notEvaluated(options, configVersion),
      });
    };
  }
}
