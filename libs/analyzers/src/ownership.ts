import type { OwnedFiles } from '@tidewaiter/domain';
import type { Overlay } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';

/** Databases of distributions: their packages answer for the files that they own, whatever else is read in those. */
const osPackageTypes = new Set(['apk', 'deb', 'rpm']);

/** The paths that packages of the distribution own, by the databases that the image shows. */
export function osOwnedPaths(layers: readonly AnalyzedLayer[], view: Overlay): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const owned of shownOwners(layers, view)) {
    if (!osPackageTypes.has(owned.type)) continue;
    for (const { path } of owned.files) paths.add(mergedPath(path));
  }
  return paths;
}

function* shownOwners(layers: readonly AnalyzedLayer[], view: Overlay): Generator<OwnedFiles> {
  for (const [index, { facts }] of layers.entries()) {
    for (const { path, owned } of facts.files) {
      if (owned && view.hiddenBy(path, index) === undefined) yield* owned;
    }
  }
}

/** `lib/x` and `usr/lib/x` are one file where a distribution merged its directories, and databases write either. */
export function mergedPath(path: string): string {
  return /^(bin|sbin|lib|lib32|lib64|libx32)\//.test(path) ? `usr/${path}` : path;
}
