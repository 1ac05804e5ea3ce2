import { isDistributionType, type OwnedFile, type OwnedFiles } from '@tidewaiter/domain';
import type { Overlay } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';

/**
 * Folders that distributions leave to others. An own package that installs there has no mark of a
 * third party where only positive evidence counts. @see
 * https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html sections 3.13, 3.17 and 4.9
 */
const leftToOthers = /^(?:app|home|opt|root|srv|usr\/local)\//;

/**
 * Files of the distribution's packages in the visible databases, each with the layer of its
 * database; the lowest first. Third-party packages are left out, since no distribution maintains
 * their content.
 */
function* distributedFiles(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
): Generator<{ file: OwnedFile; layer: number }> {
  const owners = [...shownOwners(layers, view)];
  const thirdParties = new Set(owners.filter(({ owned }) => owned.isThirdParty).map(({ owned }) => keyOf(owned)));
  for (const { owned, layer } of owners) {
    if (!isDistributionType(owned.type) || thirdParties.has(keyOf(owned))) continue;
    // Packages of rpm name their vendor, and Red Hat's software collections are below /opt.
    const mayBeAnywhere = owned.type === 'rpm';
    for (const file of owned.files) if (mayBeAnywhere || !leftToOthers.test(file.path)) yield { file, layer };
  }
}

/**
 * Paths of those files, each with the last layer that lists it: a file of a later layer is not the
 * package's.
 */
export function distributedPaths(layers: readonly AnalyzedLayer[], view: Overlay): ReadonlyMap<string, number> {
  const paths = new Map<string, number>();
  for (const { file, layer } of distributedFiles(layers, view)) paths.set(mergedPath(file.path), layer);
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

/**
 * `lib/x` and `usr/lib/x` are one file if a distribution merged its directories, and databases use
 * either path.
 */
export function mergedPath(path: string): string {
  return /^(bin|sbin|lib|lib32|lib64|libx32)\//.test(path) ? `usr/${path}` : path;
}
