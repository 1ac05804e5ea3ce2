import type { Overlay } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';
import { nodeStore } from './node-store/node-store.js';

/** Folder in which Node.js looks for packages, and folder of a package there. */
const packagesFolder = /(?:^|\/)node_modules(?:\/@[^/]+)?$/;
const packageFolder = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*$/;

/** Limit on links that are followed: each may lead over many others. */
const maxLinks = 10_000;

/**
 * Whether the manifest at a path is that of an installed package, because a link that Node.js
 * follows leads to its folder: package managers may store packages anywhere.
 */
export function linkedPackages(layers: readonly AnalyzedLayer[], view: Overlay): (manifest: string) => boolean {
  const isNeeded = layers.some(({ facts }) => facts.files.some(({ analyzer }) => analyzer === nodeStore.name));
  const { stores, packages, isCut } = isNeeded ? linkedFolders(view) : none;
  return (manifest) => {
    const folder = parentOf(manifest);
    // A package that may be linked counts.
    if (isCut || packages.has(folder)) return true;
    const parent = parentOf(folder);
    if (stores.has(parent) || (isScope(parent) && stores.has(parentOf(parent)))) return true;
    // A tar may write through a link to a folder of packages.
    return packagesFolder.test(view.realPath(parent) ?? '');
  };
}

interface LinkedFolders {
  stores: ReadonlySet<string>;
  packages: ReadonlySet<string>;
  /** Whether there are more links than were followed. */
  isCut: boolean;
}

const none: LinkedFolders = { stores: new Set(), packages: new Set(), isCut: false };

/** Folders outside `node_modules` to which links in it lead. */
function linkedFolders(view: Overlay): LinkedFolders {
  let links = 0;
  const stores = new Set<string>();
  const packages = new Set<string>();
  for (const { entry } of view.shown.values()) {
    const { path, type, linkTarget = '' } = entry;
    // Most links are of one store inside, where the packages have their usual names.
    if (type !== 'symlink' || !path.includes('node_modules') || packageFolder.test(linkTarget)) continue;
    const folders = packagesFolder.test(path) ? stores : packageFolder.test(path) ? packages : undefined;
    if (folders === undefined) continue;
    links += 1;
    if (links > maxLinks) return { stores, packages, isCut: true };
    const target = view.realPath(path);
    if (target !== undefined) folders.add(target);
  }
  return { stores, packages, isCut: false };
}

const isScope = (folder: string): boolean => folder.slice(folder.lastIndexOf('/') + 1).startsWith('@');

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
