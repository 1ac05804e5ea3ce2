import { type FindingChanges, findingChanges, type ImagePackage, type PackageType } from '@tidewaiter/domain';
import { overlay } from '@tidewaiter/oci';

import { type BaseChange, baseChange } from './base-change.js';
import { type FileChange, fileChanges } from './file-changes.js';
import type { ImageOrigin, ImageState } from './image-state.js';
import { imageTree, type ImageTree } from './image-tree.js';
import { type ConfigChange, configChanges, type StepChange, stepChanges } from './kept-config.js';
import { knownHosts, type NewHost, newHosts } from './new-hosts.js';

export interface PackageChange {
  type: PackageType;
  name: string;
  /** Null where the package is new. */
  before: string | null;
  /** Null where it is gone. */
  after: string | null;
}

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
  return {
    packages: diffPackages(before.packages, after.packages),
    files: trees && fileChanges(trees.old.shown, trees.current.shown),
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

/** By name: of a package with several versions those count that only one image has. */
function diffPackages(before: readonly ImagePackage[], after: readonly ImagePackage[]): PackageChange[] {
  const [old, current] = [before, after].map(versionsByName) as [VersionsByName, VersionsByName];
  const changes: PackageChange[] = [];
  for (const key of new Set([...old.keys(), ...current.keys()])) {
    const [type, name] = key.split('\n') as [PackageType, string];
    const gone = [...(old.get(key) ?? [])].filter((version) => !current.get(key)?.has(version)).toSorted();
    const come = [...(current.get(key) ?? [])].filter((version) => !old.get(key)?.has(version)).toSorted();
    for (let index = 0; index < Math.max(gone.length, come.length); index += 1) {
      changes.push({ type, name, before: gone[index] ?? null, after: come[index] ?? null });
    }
  }
  return changes.toSorted((a, b) => order(a.type, b.type) || order(a.name, b.name));
}

type VersionsByName = Map<string, Set<string>>;

function versionsByName(packages: readonly ImagePackage[]): VersionsByName {
  const versions: VersionsByName = new Map();
  for (const { type, name, version, state } of packages) {
    if (state !== 'present') continue;
    const key = `${type}\n${name}`;
    versions.set(key, (versions.get(key) ?? new Set()).add(version));
  }
  return versions;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
