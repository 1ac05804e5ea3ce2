import { isDistributionType } from '@tidewaiter/domain';
import { type FileOwners, fileOwners } from '@tidewaiter/integrity';
import type { Overlay } from '@tidewaiter/oci';

import { integrityLayer } from './image-findings.js';
import type { AnalyzedLayer } from './layer-facts.js';

/** Visible file or symbolic link of an image. */
export interface VisibleFile {
  /** Absolute. */
  path: string;
  /** Hex; null for links, and for files that were not read. */
  sha256: string | null;
  /** Name of the package that owns it. */
  package: string | null;
  /** Target of a symbolic link, as written. */
  linkTarget?: string;
}

/**
 * Visible files of an image, with their packages.
 * @param owners of the same layers, where they were evaluated already
 */
export function* imageFiles(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  owners: FileOwners = fileOwners(layers.map(integrityLayer), view),
): Generator<VisibleFile> {
  const { ownerOf, sha256Of } = owners;
  const foundIn = packagesByFile(layers, view);
  for (const found of view.shown.values()) {
    const { path, type, linkTarget } = found.entry;
    if (type === 'symlink') {
      if (linkTarget !== undefined)
        yield { path: `/${path}`, sha256: null, package: ownerOf(path) ?? null, linkTarget };
    } else if (type === 'file' || type === 'hardlink') {
      const owner = ownerOf(path) ?? foundIn.get(path) ?? packageOfFolder(path, foundIn);
      yield { path: `/${path}`, sha256: sha256Of(found) ?? null, package: owner ?? null };
    }
  }
}

/**
 * Names of packages by file: the first package in an archive, program or manifest is its own.
 * Databases list others.
 */
function packagesByFile(layers: readonly AnalyzedLayer[], view: Overlay): Map<string, string> {
  const names = new Map<string, string>();
  for (const [layer, { facts }] of layers.entries()) {
    for (const { path, packages } of facts.files) {
      const own = packages?.[0];
      const isOwn = own && !isDistributionType(own.type) && !own.isDeclared;
      if (isOwn && view.shown.get(path)?.layer === layer) names.set(path, own.name);
    }
  }
  return names;
}

const inNpmPackage = /^(.*\/?node_modules\/(?:@[^/]+\/)?[^/@]+)\//;

/** npm has no file lists: every file in the folder of a package belongs to it. */
function packageOfFolder(path: string, names: ReadonlyMap<string, string>): string | undefined {
  const folder = inNpmPackage.exec(path)?.[1];
  return folder === undefined ? undefined : names.get(`${folder}/package.json`);
}
