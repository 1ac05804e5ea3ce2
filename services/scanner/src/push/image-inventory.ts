import { Injectable } from '@nestjs/common';
import { advisoryKeyOf } from '@tidewaiter/advisories';
import {
  decodeFacts,
  emptyLayer,
  evaluateFiles,
  FactBudget,
  factLimitsFor,
  imageFiles,
  inventory,
  limitedFindings,
  limitedPackages,
} from '@tidewaiter/analyzers';
import { checkImageFiles } from '@tidewaiter/checks';
import { packManifest } from '@tidewaiter/facts';
import { decodeEntries, overlay } from '@tidewaiter/oci';
import {
  type StoredLayer,
  FileContents,
  FleetFiles,
  type Image,
  ImageManifests,
  Images,
  Store,
  type Transaction,
} from '@tidewaiter/store';

import { Analysis, notEvaluated } from '../analysis.js';
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
    private readonly analysis: Analysis,
  ) {}

  /** Merges the layers of an image and stores its inventory, where {@link prepare} finds any. */
  async assemble(image: Image): Promise<void> {
    const put = await this.prepare(image);
    if (put) await this.store.transaction(put);
  }

  /**
   * Merges the layers of an image and returns what stores its inventory; null if these analyzers
   * have done so with the same layers unread. An unread layer counts as empty: whatever it may have
   * removed or replaced, the content of the other layers is reported.
   */
  async prepare(image: Image): Promise<((tx: Transaction) => Promise<void>) | null> {
    const { digest, analyzersVersion, configVersion, unreadLayers: missed } = image;
    const { version, imageVersion } = this.analysis;
    const unread = await this.images.unreadIndexes(digest, version);
    if (analyzersVersion === imageVersion && unread.join() === missed.join()) return null;
    const limits = this.analysis.options.factLimits;
    const stored = await this.images.layers(digest);
    const bytes = sizeOf(stored);
    const budget = new FactBudget(factLimitsFor(bytes, limits));
    const layers = stored.map((layer) => ({ ...layer, ...contentOf(layer, version, budget) }));
    const unreadLayers = layers.filter(({ isRead }) => !isRead).map(({ index }) => index);
    const view = overlay(layers.map(({ entries }) => entries));
    const { os, packages: all, warnings } = inventory(layers, view);
    const { packages, warnings: packagesLeftOut } = limitedPackages(all, bytes, limits);
    const evaluated = packages.map((each) => ({ ...each, key: advisoryKeyOf(each, os) }));
    const { findings: inFiles, programs, unowned } = evaluateFiles(layers, view, this.analysis.options);
    const { findings: own, warnings: findingsLeftOut } = limitedFindings(inFiles, bytes);
    const leftOut = [...budget.warnings(), ...packagesLeftOut, ...findingsLeftOut];
    const linked = layers.map(({ diffId, facts }) => ({
      diffId,
      linkedPrograms: facts.files.flatMap((file) => file.linked ?? []),
    }));
    const misconfigurations = checkImageFiles(layers, view);
    const unevaluated = notEvaluated(this.analysis.options, configVersion);
    const files = packManifest(imageFiles(layers, view));
    return async (tx) => {
      const outliers = await this.outliers.find(tx, digest, packages, programs);
      const findings = [...own, ...misconfigurations, ...outliers];
      await this.fleetFiles.put(tx, digest, unowned);
      await this.contents.put(tx, digest, layers, files);
      await this.manifests.put(tx, digest, files);
      await this.images.analyzed(tx, digest, imageVersion, {
        ...{ os, packages: evaluated, warnings: [...warnings, ...leftOut] },
        ...{ findings, notEvaluated: unevaluated, unreadLayers },
        linkedPrograms: linked.filter(({ linkedPrograms }) => linkedPrograms.length > 0),
      });
    };
  }
}

function contentOf({ analyzersVersion, facts, entries }: StoredLayer, version: string, budget: FactBudget) {
  if (analyzersVersion !== version || !facts || !entries) return { ...emptyLayer(), isRead: false };
  return { facts: budget.admit(decodeFacts(facts)), entries: decodeEntries(entries), isRead: true };
}

function sizeOf(layers: readonly { sizeBytes: number }[]): number {
  let bytes = 0;
  for (const { sizeBytes } of layers) bytes += sizeBytes;
  return bytes;
}
