import type { OwnedFiles } from '@tidewaiter/domain';
import type { Overlay } from '@tidewaiter/oci';

import type { ImageTree } from './image-tree.js';
import type { IntegrityLayer, PackageDatabase } from './integrity-layer.js';

/**
 * Content of one file of a package database, and the range of layers in which that file is in
 * effect.
 */
export interface Span<Value> {
  /** Path of the database file. */
  path: string;
  from: number;
  /** Layer that replaces or removes the file; infinite for a visible file. */
  until: number;
  value: Value;
}

/** Databases of an image through its layers. */
export interface DatabaseSpans {
  databases: readonly Span<PackageDatabase>[];
  owned: readonly Span<OwnedFiles>[];
  /** Versions by {@link packageKey} of the packages in the databases as of this layer. */
  packagesAt: (layer: number) => ReadonlyMap<string, string>;
}

/** Key of a package that is unique across all databases. */
export function packageKey(type: string, name: string): string {
  return `${type} ${name}`;
}

/** Whether the databases list a package in the same version before and after a layer. */
export function keepsVersion(
  { packagesAt }: DatabaseSpans,
  owner: Pick<OwnedFiles, 'type' | 'package'>,
  layer: number,
): boolean {
  const key = packageKey(owner.type, owner.package);
  const before = packagesAt(layer - 1).get(key);
  return before !== undefined && before === packagesAt(layer).get(key);
}

/** Computes for every file of a package database the layers in which it is in effect. */
export function databaseSpans(layers: readonly IntegrityLayer[], view: Overlay, tree: ImageTree): DatabaseSpans {
  const spanOf = <Value>(path: string, from: number, value: Value): Span<Value> => {
    const until = tree.isShown(path, from) ? Infinity : (view.hiddenBy(path, from) ?? Infinity);
    return { path, from, until, value };
  };
  const databases = layers.flatMap((layer, from) => layer.databases.map((each) => spanOf(each.path, from, each)));
  const owned = layers.flatMap((layer, from) => layer.owned.map((each) => spanOf(each.database, from, each)));
  const known = new Map<number, ReadonlyMap<string, string>>();
  const packagesAt = (layer: number) => {
    const versions = known.get(layer) ?? versionsAt(databases, layer);
    known.set(layer, versions);
    return versions;
  };
  return { databases, owned, packagesAt };
}

/** Joins several versions of one package, as of kernels, into one text. */
function versionsAt(databases: readonly Span<PackageDatabase>[], layer: number): Map<string, string> {
  const versions = new Map<string, string>();
  for (const { from, until, value } of databases) {
    if (layer < from || layer >= until) continue;
    for (const { name, version } of value.packages) {
      const key = packageKey(value.type, name);
      const other = versions.get(key);
      versions.set(key, other === undefined || other === version ? version : `${other} ${version}`);
    }
  }
  return versions;
}
