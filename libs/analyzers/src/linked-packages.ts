import type { Overlay } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';
import { nodeStore } from './node-store/node-store.js';

/** Where Node.js looks for packages, and a package there. */
const packagesFolder = /(?:^|\/)node_modules(?:\/@[^/]+)?$/;
const packageFolder = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*$/;

/**
 * Whether the manifest at a path is that of an installed package, because a link that Node.js
 * follows leads to its folder: package managers may store packages anywhere.
 */
export function linkedPackages(layers: readonly AnalyzedLayer[], view: Overlay): (manifest: string) => boolean {
  const isNeeded = layers.some(({ facts }) => facts.files.some(({ analyzer }) => analyzer === nodeStore.name));
  const { stores, packages } = isNeeded ? linkedFolders(view) : { stores: undefined, packages: undefined };
  return (manifest) => {
    const folder = parentOf(manifest);
    if (packages?.has(folder)) return true;
    const parent = parentOf(folder);
    if (stores?.has(parent) || (isScope(parent) && stores?.has(parentOf(parent)))) return true;
    // A tar may write through a link to a folder of packages.
    return packagesFolder.test(view.realPath(parent) ?? '');
  };
}

/** Folders outside `node_modules` to which links in it lead. */
function linkedFolders(view: Overlay): { stores: Set<string>; packages: Set<string> } {
  const stores = new Set<string>();
  const packages = new Set<string>();
  for (const { entry } of view.shown.values()) {
    const { path, type, linkTarget = '' } = entry;
    // Most links are of one store inside, where the packages have their usual names.
    if (type !== 'symlink' || !path.includes('node_modules') || packageFolder.test(linkTarget)) continue;
    const folders = packagesFolder.test(path) ? stores : packageFolder.test(path) ? packages : undefined;
    const target = folders && view.realPath(path);
    if (target !== undefined) folders?.add(target);
  }
  return { stores, packages };
}

const isScope = (folder: string): boolean => folder.slice(folder.lastIndexOf('/') + 1).startsWith('@');

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
