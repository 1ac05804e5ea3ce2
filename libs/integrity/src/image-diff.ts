import { type FindingChanges, findingChanges } from '@tidewaiter/domain';
import { overlay } from '@tidewaiter/oci';

import { type BaseChange, baseChange } from './base-change.js';
import { type FileChange, fileChanges } from './file-changes.js';
import { withUpgrades } from './file-upgrades.js';
import type { ImageOrigin, ImageState } from './image-state.js';
import { imageTree, type ImageTree } from './image-tree.js';
import { type ConfigChange, configChanges, type StepChange, stepChanges } from './kept-config.js';
import { knownHosts, type NewHost, newHosts } from './new-hosts.js';
import { type PackageChange, packageChanges } from './package-changes.js';

/** What makes an image differ from another. What cannot be compared is null, never empty. */
export interface ImageDiff {
  packages: PackageChange[];
  files: FileChange[] | null;
  config: ConfigChange[] | null;
  /** Steps of the build. */
  steps: StepChange[] | null;
  base: BaseChange;
  /** Hosts that code, settings and build steps name, and that the image did not name before. */
  hosts: NewHost[] | null;
  /** Absent where the origin of neither is known. */
  origin?: { before: ImageOrigin | null; after: ImageOrigin | null };
  findings: FindingChanges;
}

/** Compares what two images show; each list is sorted, so that the same two give the same answer. */
export function diffImages(before: ImageState, after: ImageState): ImageDiff {
  const trees = comparedTrees(before, after);
  const configs = before.config && after.config ? { old: before.config, current: after.config } : null;
  const isOriginKnown = before.origin !== undefined || after.origin !== undefined;
  const packages = packageChanges(before.packages, after.packages);
  return {
    packages,
    files: trees && withUpgrades(fileChanges(trees.old, trees.current), packages, before.ownerOf, after.ownerOf),
    config: configs && configChanges(configs.old, configs.current),
    steps: configs && stepChanges(configs.old.steps, configs.current.steps),
    base: baseChange(before, after),
    hosts: trees && newHosts(knownHosts(before, trees.old), knownHosts(after, trees.current)),
    ...(isOriginKnown && { origin: { before: before.origin ?? null, after: after.origin ?? null } }),
    findings: findingChanges(before, after.findings),
  };
}

function comparedTrees(before: ImageState, after: ImageState): { old: ImageTree; current: ImageTree } | null {
  const [old, current] = [before, after].map(treeOf);
  return old && current ? { old, current } : null;
}

function treeOf({ layers }: ImageState): ImageTree | null {
  const known = layers.flatMap(({ entries }) => (entries ? [entries] : []));
  return known.length === layers.length ? imageTree(overlay(known)) : null;
}
