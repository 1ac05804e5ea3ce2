import { advisoryKeyOf } from '@tidewaiter/advisories';
import {
  type AnalysisOptions,
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
import type { Layer } from '@tidewaiter/domain';
import { contentKeysOf, packManifest } from '@tidewaiter/facts';
import type { FleetFile, PackageContent } from '@tidewaiter/integrity';
import { decodeEntries, overlay } from '@tidewaiter/oci';
import type { LayerContents, StoredInventory, StoredLayer } from '@tidewaiter/store';

/** Layers of an image, the lowest first, and the analysis that reads them. */
export interface AssemblyInput {
  layers: readonly (Layer & StoredLayer)[];
  /** Labels of its config. */
  labels: Readonly<Record<string, string>>;
  /** A layer that was analyzed under another version counts as unread. */
  version: string;
  options: AnalysisOptions;
}

/** Content of an image, merged from its layers. */
export interface ImageAssembly extends Pick<StoredInventory, 'os' | 'packages' | 'warnings' | 'findings'> {
  unreadLayers: number[];
  linkedPrograms: NonNullable<StoredInventory['linkedPrograms']>;
  /** To compare with the same packages in other images. */
  programs: PackageContent[];
  /** To compare with the same paths in other images. */
  unowned: FleetFile[];
  contents: LayerContents[];
  /** Bytes of the packed manifest. */
  files: Uint8Array;
}

/**
 * Merges the layers of an image. An unread layer counts as empty: whatever it may have removed or
 * replaced, the content of the other layers is reported.
 */
export function assembleImage({ layers: stored, labels, version, options }: AssemblyInput): ImageAssembly {
  const bytes = sizeOf(stored);
  const budget = new FactBudget(factLimitsFor(bytes, options.factLimits));
  const layers = stored.map((layer) => ({ ...layer, ...contentOf(layer, version, budget) }));
  const view = overlay(layers.map(({ entries }) => entries));
  const {
    os,
    packages: all,
    warnings,
  } = inventory(layers, view, {
    config: { labels, diffIds: layers.map(({ diffId }) => diffId) },
  });
  const { packages, warnings: packagesLeftOut } = limitedPackages(all, bytes, options.factLimits);
  const { findings: inFiles, programs, unowned, owners } = evaluateFiles(layers, view, options);
  const { findings, warnings: findingsLeftOut } = limitedFindings(inFiles, bytes);
  const linkedPrograms = layers.map(({ diffId, facts }) => ({
    diffId,
    linkedPrograms: facts.files.flatMap((file) => file.linked ?? []),
  }));
  return {
    os,
    packages: packages.map((each) => ({ ...each, key: advisoryKeyOf(each, os) })),
    warnings: [...warnings, ...budget.warnings(), ...packagesLeftOut, ...findingsLeftOut],
    findings: [...findings, ...checkImageFiles(layers, view)],
    unreadLayers: layers.flatMap(({ isRead, index }) => (isRead ? [] : [index])),
    linkedPrograms: linkedPrograms.filter((each) => each.linkedPrograms.length > 0),
    ...{ programs, unowned },
    contents: layers.map(({ diffId, entries }) => ({ diffId, keys: contentKeysOf(entries, entries.length) })),
    files: packManifest(imageFiles(layers, view, owners)).bytes,
  };
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
