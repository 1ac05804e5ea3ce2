import { isDistributionType, type PackageType } from '@tidewaiter/domain';

import type { FileChange } from './file-changes.js';
import type { ImageState } from './image-state.js';
import type { PackageChange } from './package-changes.js';

/**
 * Paths of files that image authors add: distribution packages install nothing here, whatever a
 * database in the image claims.
 */
const ownPlace = /^(?:opt|srv|app|home|root|tmp|data|workspace|usr\/local|usr\/src|var\/www)\//;

/**
 * Marks the changes that a new version of a package explains; none if the owners of files are
 * unknown.
 */
export function withUpgrades(
  files: readonly FileChange[],
  packages: readonly PackageChange[],
  ownerBefore: ImageState['ownerOf'],
  ownerAfter: ImageState['ownerOf'],
): FileChange[] {
  if (!ownerBefore || !ownerAfter || packages.length === 0) return [...files];
  const types = upgradedTypes(packages);
  return files.map((file) => {
    const name = ownerOf(file, ownerBefore, ownerAfter);
    const type = name === undefined ? undefined : types.get(name);
    if (name === undefined || type === undefined) return file;
    return isDistributionType(type) && ownPlace.test(file.path) ? file : { ...file, upgradedWith: { type, name } };
  });
}

/**
 * Upgraded packages by name; of a language and a distribution package with one name the former,
 * which explains less.
 */
function upgradedTypes(packages: readonly PackageChange[]): Map<string, PackageType> {
  const types = new Map<string, PackageType>();
  for (const { type, name } of packages) {
    const known = types.get(name);
    if (known === undefined || isDistributionType(known)) types.set(name, type);
  }
  return types;
}

/** A file that another package claims now is not explained by that package's version. */
function ownerOf(
  { path, change }: FileChange,
  before: NonNullable<ImageState['ownerOf']>,
  after: NonNullable<ImageState['ownerOf']>,
): string | undefined {
  if (change === 'added') return after(path);
  if (change === 'removed') return before(path);
  const owner = after(path);
  return owner === before(path) ? owner : undefined;
}
