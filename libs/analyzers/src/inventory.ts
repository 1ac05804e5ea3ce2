import { mixedReleases, type MixedReleases } from '@tidewaiter/advisories';
import { type ImagePackage, isDistributionType, type OsRelease, type PackageRecord } from '@tidewaiter/domain';
import type { Overlay, Warning } from '@tidewaiter/oci';

import { databases, databaseWarnings, unreadDatabases } from './database-links.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { leftBehind } from './left-behind.js';
import { linkedPackages } from './linked-packages.js';
import { nodeStore } from './node-store/node-store.js';
import { osReleasePaths } from './os-release/os-release.js';
import { mergedPath, distributedPaths } from './ownership.js';
import { type LabelledLayers, packageQualifiers, type PackageQualifiers } from './package-qualifiers.js';
import { purlOf } from './purl.js';
import { unlistedCode } from './unlisted-code.js';
import { unpinnedDependencies } from './unpinned-dependencies.js';

/** The packages of an image. */
export interface Inventory {
  /** Null for images without a distribution. */
  os: OsRelease | null;
  /** Unique, sorted by purl. */
  packages: ImagePackage[];
  warnings: Warning[];
}

export interface InventoryOptions {
  /**
   * Whether packages of lock files are included, if none are installed: an image is evaluated by
   * its content.
   */
  withDeclared?: boolean;
  /** Absent for an image without one. */
  config?: LabelledLayers | undefined;
}

/**
 * Entry of a package in one database, and the range of layers in which that database is in effect.
 */
interface Sighting {
  record: PackageRecord;
  /** Whether the database is that of a distribution. */
  isDistribution: boolean;
  from: number;
  /** Index of the layer that hides the database; infinite for a visible database. */
  until: number;
}

/**
 * Merges the layers of an image, lowest first. A package is `present` if a visible database lists
 * it, and belongs to the layer since which it was listed without a break; it is `shadowed` if only
 * hidden databases list it. Packages in files that a distribution's package owns count as that
 * package.
 */
export function inventory(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  { withDeclared = false, config }: InventoryOptions = {},
): Inventory {
  const os = findOs(layers, view);
  const packages: ImagePackage[] = [];
  const owned = distributedPaths(layers, view);
  const { qualified, warnings: aboutRepositories } = packageQualifiers(layers, view, os, config);
  for (const [purl, sightings] of sightingsByPurl(layers, view, os, qualified)) {
    const own = withoutDistributed(sightings, owned);
    const installed = own.filter(({ record }) => !record.isDeclared);
    if (own.length > 0) packages.push(fold(purl, installed.length > 0 ? installed : own));
  }
  const known = withoutListedAssemblies(packages);
  const counted = withDeclared ? withoutRedundantLocks(known, os) : known.filter(({ isDeclared }) => !isDeclared);
  counted.sort((a, b) => (a.purl < b.purl ? -1 : 1));
  const warnings = [
    ...layers.flatMap(({ facts }, index) => withoutDistributedFiles(facts.warnings, owned, index)),
    ...layers.flatMap((layer, index) => inEffect(databaseWarnings(layer.facts.warnings), view, index)),
    ...unreadDatabases(layers, view),
    ...leftBehind(packages, layers, view),
    ...unlistedCode(layers, view),
    ...missing(os, packages),
    ...aboutRepositories,
    ...mixedReleases(packages, os).map(mixedWarning),
    ...(withDeclared ? unpinnedDependencies(layers, view, known, (path) => owned.has(mergedPath(path))) : []),
  ];
  return { os, packages: counted, warnings };
}

function mixedWarning({ distribution, releases, packages }: MixedReleases): Warning {
  const subject = packages === 1 ? '1 package' : `${packages} packages`;
  const message = `${subject} may be of ${distribution} ${releases.join(' or ')}: findings of each of them count`;
  return { code: 'RELEASES_MIXED', path: null, message };
}

/** Warnings about files that no later layer replaces or deletes. */
function inEffect(warnings: readonly Warning[], view: Overlay, layer: number): Warning[] {
  return warnings.filter(({ path }) => path === null || view.hiddenBy(path, layer) === undefined);
}

/**
 * Warns if no packages were found: a broken, unknown or misplaced database would give a clean
 * result.
 */
function missing(os: OsRelease | null, packages: readonly ImagePackage[]): Warning[] {
  if (!os || packages.some(({ type, state }) => isDistributionType(type) && state === 'present')) return [];
  return [{ code: 'PACKAGES_MISSING', path: null, message: `no packages of ${os.name} found` }];
}

/**
 * Drops packages in files that the distribution's packages own, unless a layer above their list
 * contains another version.
 */
function withoutDistributed(sightings: readonly Sighting[], owned: ReadonlyMap<string, number>): Sighting[] {
  const firstLayers = new Map<string, number>();
  return sightings.filter(({ record: { foundIn }, isDistribution, from }) => {
    // The package rpm owns the database in which it is listed.
    if (isDistribution) return true;
    // A copy of the same content in a layer above, as by `chown`, still belongs to the package.
    const first = firstLayers.get(foundIn) ?? from;
    firstLayers.set(foundIn, first);
    const owner = owned.get(mergedPath(outerPath(foundIn)));
    return owner === undefined || owner < first;
  });
}

/**
 * Drops warnings about unknown packages in files that the distribution's packages own: those are
 * evaluated as a whole.
 */
function withoutDistributedFiles(
  warnings: readonly Warning[],
  owned: ReadonlyMap<string, number>,
  layer: number,
): Warning[] {
  const isDistributed = (path: string) => (owned.get(mergedPath(path)) ?? -1) >= layer;
  return warnings.filter(({ code, path }) => code !== 'PACKAGES_UNKNOWN' || path === null || !isDistributed(path));
}

/** Outer file of a nested jar, which a package can own: `app.jar` for `app.jar!/lib/x.jar`. */
function outerPath(foundIn: string): string {
  const nested = foundIn.indexOf('!/');
  return nested === -1 ? foundIn : foundIn.slice(0, nested);
}

/**
 * Drops locked packages if packages of their type are installed beside or below the lock file, or
 * the package itself is anywhere.
 */
function withoutRedundantLocks(packages: readonly ImagePackage[], os: OsRelease | null): ImagePackage[] {
  const installed = packages.filter(({ isDeclared, state }) => !isDeclared && state === 'present');
  const names = new Set(installed.map(({ type, name }) => `${type} ${name}`));
  // Below the root of a distribution packages are unrelated; below the root of a source tree they
  // belong together.
  const above = (path: string) => foldersAbove(path).filter((at) => at !== '' || !os);
  const folders = new Set(installed.flatMap(({ type, foundIn }) => above(foundIn).map((at) => `${type} ${at}`)));
  return packages.filter(
    ({ isDeclared, type, name, foundIn }) =>
      !isDeclared || !(names.has(`${type} ${name}`) || folders.has(`${type} ${above(foundIn)[0]}`)),
  );
}

/**
 * Drops packages of single .NET assemblies if the dependency list of their application is beside
 * them.
 */
function withoutListedAssemblies(packages: readonly ImagePackage[]): ImagePackage[] {
  const lists = packages.filter(({ foundIn }) => foundIn.endsWith('.deps.json'));
  const folders = new Set(lists.map(({ foundIn }) => foldersAbove(foundIn)[0]));
  return packages.filter(
    ({ type, foundIn }) => type !== 'nuget' || !/\.(dll|exe)$/i.test(foundIn) || !folders.has(foldersAbove(foundIn)[0]),
  );
}

/** Folders above a file, the nearest first; the root is the empty path. */
function foldersAbove(path: string): string[] {
  const folders = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) folders.push(path.slice(0, end));
  return [...folders, ''];
}

/** Distribution of an image; null if it has none. */
export function findOs(layers: readonly AnalyzedLayer[], view: Overlay): OsRelease | null {
  for (const path of osReleasePaths) {
    const shown = layers.find((layer, index) => osIn(layer, path) && view.isVisible(path, index));
    const found = view.lookup(path);
    const os = osIn(shown, path) ?? (found && osIn(layers[found.layer], found.entry.path));
    if (os) return os;
  }
  return null;
}

function osIn(layer: AnalyzedLayer | undefined, path: string): OsRelease | undefined {
  return layer?.facts.files.find((file) => file.path === path && file.os !== undefined)?.os;
}

function sightingsByPurl(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  os: OsRelease | null,
  qualified: PackageQualifiers['qualified'],
): Map<string, Sighting[]> {
  const sightings = new Map<string, Sighting[]>();
  const isLinked = linkedPackages(layers, view);
  for (const [from, { facts }] of layers.entries()) {
    for (const { path, analyzer, packages = [] } of facts.files) {
      if (analyzer === nodeStore.name && !isLinked(path)) continue;
      const isDistribution = databases.has(analyzer);
      const until = view.hiddenBy(path, from) ?? Infinity;
      for (const declared of packages) {
        const record = qualified(declared);
        const purl = purlOf(record, os);
        const known = sightings.get(purl);
        const sighting = { record, isDistribution, from, until };
        if (known) known.push(sighting);
        else sightings.set(purl, [sighting]);
      }
    }
  }
  return sightings;
}

/** Merges the sightings of one package, which are in the order of their layers. */
function fold(purl: string, sightings: readonly Sighting[]): ImagePackage {
  const first = sightings[0]!;
  let run = { from: first.from, until: first.until };
  for (const { from, until } of sightings) {
    if (from <= run.until) run.until = Math.max(run.until, until);
    else run = { from, until };
  }
  const shown = sightings.find(({ until }) => until === Infinity);
  if (shown) return { ...shown.record, purl, layer: run.from, state: 'present' };
  return { ...first.record, purl, layer: first.from, state: 'shadowed' };
}
