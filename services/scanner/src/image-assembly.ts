import { Injectable } from '@nestjs/common';
import { advisoryKeyOf } from '@tidewaiter/advisories';
import { decodeFacts, fileJudgement, imageFiles, inventory } from '@tidewaiter/analyzers';
import { packManifest } from '@tidewaiter/facts';
import { decodeEntries, overlay } from '@tidewaiter/oci';
import { type Image, ImageManifests, Images, Store } from '@tidewaiter/store';

import { Analysis } from './analysis.js';
import { PackageOutliers } from './package-outliers.js';

/** Makes an image's inventory from what is known of its layers. */
@Injectable()
export class ImageAssembly {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly manifests: ImageManifests,
    private readonly outliers: PackageOutliers,
    private readonly analysis: Analysis,
  ) {}

  /** Folds the layers of an image, which must all be read, unless these analyzers have done so. */
  async assemble({ digest, analyzersVersion }: Image): Promise<void> {
    if (analyzersVersion === this.analysis.version) return;
    const layers = (await this.images.layers(digest)).map(({ facts, entries, ...layer }) => ({
      ...layer,
      facts: decodeFacts(facts),
      entries: decodeEntries(entries),
    }));
    const view = overlay(layers.map(({ entries }) => entries));
    const { os, packages, warnings } = inventory(layers, view);
    const judged = packages.map((each) => ({ ...each, key: advisoryKeyOf(each, os) }));
    const { findings: own, programs } = fileJudgement(layers, view, this.analysis.options);
    await this.store.transaction(async (tx) => {
      const findings = [...own, ...(await this.outliers.find(tx, digest, packages, programs))];
      await this.manifests.put(tx, digest, packManifest(imageFiles(layers, view)));
      await this.images.analyzed(tx, digest, this.analysis.version, { os, packages: judged, warnings, findings });
    });
  }
}
