import type { ImagePackage, PackageType } from '@tidewaiter/domain';
import type { Overlay, Warning } from '@tidewaiter/oci';

import type { UnpinnedDependencies } from './analyzer.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { oneLine } from './package-database.js';

/** Number of names in one warning. */
const maxNames = 10;

/**
 * Warns about dependencies without a version: no lock file and no installation beside, above or
 * below the file names one. One warning for each ecosystem, at its topmost file.
 */
export function unpinnedDependencies(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  packages: readonly ImagePackage[],
  isOwned: (path: string) => boolean,
): Warning[] {
  const known = new KnownPackages(packages);
  const byType = new Map<PackageType, { paths: string[]; names: Set<string> }>();
  for (const [layer, { facts }] of layers.entries()) {
    for (const { path, unpinned } of facts.files) {
      if (unpinned === undefined || isOwned(path) || !view.isVisible(path, layer)) continue;
      const open = known.missing(unpinned, path);
      if (open === undefined) continue;
      const found = byType.get(unpinned.type) ?? { paths: [], names: new Set() };
      found.paths.push(path);
      for (const name of open) found.names.add(name);
      byType.set(unpinned.type, found);
    }
  }
  return [...byType].map(([type, { paths, names }]) => warningOf(type, paths, [...names]));
}

function warningOf(type: PackageType, paths: readonly string[], names: readonly string[]): Warning {
  const [path = null] = paths.toSorted((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1));
  const others = paths.length > 1 ? ` (in ${paths.length} files)` : '';
  const list = names.length > 0 ? `: ${oneLine(names.slice(0, maxNames).join(', '))}` : '';
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : '';
  const message = `dependencies of type ${type} without a version, which no lock file gives${others}${list}${more}`;
  return { code: 'PACKAGES_UNKNOWN', path, message };
}

/** Packages by name and by place. */
class KnownPackages {
  readonly #names = new Set<string>();
  /** Folders of files that list packages, and with each folder above them. */
  readonly #listed = new Set<string>();
  readonly #above = new Set<string>();
  /** As `#above`, of installed packages alone. */
  readonly #installed = new Set<string>();

  constructor(packages: readonly ImagePackage[]) {
    for (const { type, name, foundIn, state, isDeclared } of packages) {
      if (state !== 'present') continue;
      this.#names.add(`${type} ${name}`);
      this.#listed.add(`${type} ${folderOf(foundIn)}`);
      for (let at = folderOf(foundIn); ; at = folderOf(at)) {
        this.#above.add(`${type} ${at}`);
        if (!isDeclared) this.#installed.add(`${type} ${at}`);
        if (at === '') break;
      }
    }
  }

  /** Names without a version, none of them for a file without names; undefined if all have one. */
  missing({ type, names }: UnpinnedDependencies, path: string): string[] | undefined {
    const folder = folderOf(path);
    if (names.length === 0) return this.#isNear(type, folder) ? undefined : [];
    const open = names.filter((name) => !this.#names.has(`${type} ${name}`));
    return open.length === 0 || this.#installed.has(`${type} ${folder}`) ? undefined : open;
  }

  /** Whether packages of the type are listed in a folder, below it or above it. */
  #isNear(type: PackageType, folder: string): boolean {
    if (this.#above.has(`${type} ${folder}`)) return true;
    for (let at = folder; at !== ''; at = folderOf(at)) if (this.#listed.has(`${type} ${folderOf(at)}`)) return true;
    return false;
  }
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
