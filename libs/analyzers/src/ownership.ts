import type { OwnedFiles } from '@tidewaiter/domain';
import type { Overlay } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';

/** Databases of distributions: their packages answer for the files that they own, whatever else is read in those. */
export const osPackageTypes: ReadonlySet<string> = new Set(['apk', 'deb', 'rpm']);

/**
 * The paths that packages of the distribution own, by the databases that the image shows, each with the layer that says so last: what
 * comes above that is not the package's. Packages of third parties own nothing here, as nobody answers for what is in them.
 */
export function osOwnedPaths(layers: readonly AnalyzedLayer[], view: Overlay): ReadonlyMap<string, number> {
  const owners = [...shownOwners(layers, view)];
  const thirdParties = new Set(owners.filter(({ owned }) => owned.isThirdParty).map(({ owned }) => keyOf(owned)));
  const paths = new Map<string, number>();
  for (const { owned, layer } of owners) {
    if (!osPackageTypes.has(owned.type) || thirdParties.has(keyOf(owned))) continue;
    // Layers come from below.
    for (const { path } of owned.files) paths.set(mergedPath(path), layer);
  }
  return paths;
}

function keyOf({ type, package: name }: OwnedFiles): string {
  return `${type} ${name}`;
}

function* shownOwners(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
): Generator<{ owned: OwnedFiles; layer: number }> {
  for (const [layer, { facts }] of layers.entries()) {
    for (const { path, owned = [] } of facts.files) {
      if (owned.length === 0 || view.hiddenBy(path, layer) !== undefined) continue;
      for (const each of owned) yield { owned: each, layer };
    }
  }
}

/** `lib/x` and `usr/lib/x` are one file where a distribution merged its directories, and databases write either. */
export function mergedPath(path: string): string {
  return /^(bin|sbin|lib|lib32|lib64|libx32)\//.test(path) ? `usr/${path}` : path;
}
