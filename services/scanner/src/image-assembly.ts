import { Injectable } from '@nestjs/common';
import { advisoryKeyOf } from '@tidewaiter/advisories';
import { decodeFacts, fileJudgement, imageFiles, inventory } from '@tidewaiter/analyzers';
import { checkImageFiles } from '@tidewaiter/checks';
import { packManifest } from '@tidewaiter/facts';
import { decodeEntries, overlay } from '@tidewaiter/oci';
import { type Image, ImageManifests, Images, Store } from '@tidewaiter/store';

import { Analysis, notEvaluated } from './analysis.js';
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
  async assemble({ digest, analyzersVersion, configVersion }: Image): Promise<void> {
    if (analyzersVersion === this.analysis.imageVersion) return;
    const layers = (await this.images.layers(digest)).map(({ facts, entries, ...layer }) => ({
      ...layer,
      facts: decodeFacts(facts),
      entries: decodeEntries(entries),
    }));
    const view = overlay(layers.map(({ entries }) => entries));
    const { os, packages, warnings } = inventory(layers, view);
    const judged = packages.map((each) => ({ ...each, key: advisoryKeyOf(each, os) }));
    const { findings: own, programs } = fileJudgement(layers, view, this.analysis.options);
    const misconfigurations = checkImageFiles(layers, view);
    const unevaluated = notEvaluated(this.analysis.options, configVersion);
    await this.store.transaction(async (tx) => {
      const outliers = await this.outliers.find(tx, digest, packages, programs);
      const findings = [...own, ...misconfigurations, ...outliers];
      await this.manifests.put(tx, digest, packManifest(imageFiles(layers, view)));
      await this.images.analyzed(tx, digest, this.analysis.imageVersion, {
        ...{ os, packages: judged, warnings, findings, notEvaluated: unevaluated },
      });
    });
  }
}
