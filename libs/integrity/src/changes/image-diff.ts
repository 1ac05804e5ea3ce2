import { type FindingChanges, findingChanges } from '@tidewaiter/domain';
import { overlay } from '@tidewaiter/oci';

import { imageTree, type ImageTree } from '../image/image-tree.js';
import { type BaseChange, baseChange } from './base-change.js';
import { type FileChange, fileChanges } from './file-changes.js';
import { withUpgrades } from './file-upgrades.js';
import type { ComparedLayer, ImageOrigin, ImageState } from './image-state.js';
import { knownHosts, type NewHost, newHosts } from './new-hosts.js';
import { type PackageChange, packageChanges } from './package-changes.js';
import { type ConfigChange, configChanges, type StepChange, stepChanges } from './stored-config.js';

/** Differences between two images. A part that cannot be compared is null, never empty. */
export interface ImageDiff {
  /**
   * Some layers of the new image were not read: `files` and `hosts` cover only its other new
   * layers, without removals.
   */
  isPartial: boolean;
  packages: PackageChange[];
  files: FileChange[] | null;
  config: ConfigChange[] | null;
  /** Build steps. */
  steps: StepChange[] | null;
  base: BaseChange;
  /** Hosts in code, settings and build steps that the earlier image did not name. */
  hosts: NewHost[] | null;
  /** Absent if the origin of neither image is known. */
  origin?: { before: ImageOrigin | null; after: ImageOrigin | null };
  findings: FindingChanges;
}

/**
 * Compares the visible content of two images; each list is sorted, so the result is deterministic.
 */
export function diffImages(before: ImageState, after: ImageState): ImageDiff {
  const trees = comparedTrees(before, after);
  const known = trees?.isPartial ? newLayers(before, after) : after;
  const configs = before.config && after.config ? { old: before.config, current: after.config } : null;
  const isOriginKnown = before.origin !== undefined || after.origin !== undefined;
  const packages = packageChanges(before.packages, after.packages);
  const files = trees && fileChanges(trees.old, trees.current).filter((change) => trees.isKnown(change));
  return {
    isPartial: trees?.isPartial ?? false,
    packages,
    files: files && withUpgrades(files, packages, before.ownerOf, after.ownerOf),
    config: configs && configChanges(configs.old, configs.current),
    steps: configs && stepChanges(configs.old.steps, configs.current.steps),
    base: baseChange(before, after),
    hosts: trees && newHosts(knownHosts(before, trees.old), knownHosts(known, trees.current)),
    ...(isOriginKnown && { origin: { before: before.origin ?? null, after: after.origin ?? null } }),
    findings: findingChanges(before, after.findings),
  };
}

interface ComparedTrees {
  old: ImageTree;
  current: ImageTree;
  isPartial: boolean;
  /** Whether a change is certain regardless of the layers that were not read. */
  isKnown: (change: FileChange) => boolean;
}

/** Null if layers of the old image were not read, or no layer of the new one was. */
function comparedTrees(before: ImageState, after: ImageState): ComparedTrees | null {
  const read = after.layers.filter(isRead);
  if (!before.layers.every(isRead) || (read.length === 0 && after.layers.length > 0)) return null;
  const old = treeOf(before.layers);
  const current = treeOf(after.layers);
  const isPartial = read.length < after.layers.length;
  const isNew = newLayers(before, after).layers.map(({ entries }) => entries !== null && entries.length > 0);
  const isKnown = ({ path, change }: FileChange) =>
    change !== 'removed' && isNew[current.shown.get(path)?.layer ?? -1] === true;
  return { old, current, isPartial, isKnown: isPartial ? isKnown : () => true };
}

/** Empties the layers that both images have, or that were not read. */
function newLayers({ layers }: ImageState, after: ImageState): ImageState {
  const old = new Set(layers.map(({ diffId }) => diffId));
  const isNew = (layer: ComparedLayer) => isRead(layer) && (layer.diffId === null || !old.has(layer.diffId));
  const without = after.layers.map((layer) =>
    isNew(layer) ? layer : { diffId: layer.diffId, entries: [], hosts: [] },
  );
  return { ...after, layers: without };
}

function isRead({ entries }: ComparedLayer): boolean {
  return entries !== null;
}

/** A layer that was not read keeps its index, without entries. */
function treeOf(layers: readonly ComparedLayer[]): ImageTree {
  return imageTree(overlay(layers.map(({ entries }) => entries ?? [])));
}
