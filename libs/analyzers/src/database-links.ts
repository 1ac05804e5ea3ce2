import { isPartial } from '@tidewaiter/domain';
import type { Overlay, Warning } from '@tidewaiter/oci';

import type { Analyzer } from './analyzer.js';
import { apk } from './apk/apk.js';
import { composer } from './composer/composer.js';
import { dotnetDeps } from './dotnet-deps/dotnet-deps.js';
import { dpkg } from './dpkg/dpkg.js';
import { embeddedSbom } from './embedded-sbom/embedded-sbom.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { nestedRoot } from './nested-root/nested-root.js';
import { opkg } from './opkg/opkg.js';
import { osRelease } from './os-release/os-release.js';
import { rpm } from './rpm/rpm.js';

const rpmFolders = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];

/**
 * Paths at which distributions' tools look for their databases, by the analyzer that reads them.
 */
export const databases: ReadonlyMap<string, readonly string[]> = new Map([
  [apk.name, ['lib/apk/db/installed', 'usr/lib/apk/db/installed']],
  [dpkg.name, ['var/lib/dpkg/status']],
  [opkg.name, ['usr/lib/opkg/status', 'var/lib/opkg/status']],
  [osRelease.name, ['etc/os-release', 'usr/lib/os-release']],
  [rpm.name, rpmFolders.flatMap((at) => ['Packages', 'Packages.db', 'rpmdb.sqlite'].map((name) => `${at}/${name}`))],
]);

/** Folders with a file or folder for each package. */
const packageFolders = [
  'var/lib/dpkg/status.d',
  'var/lib/dpkg/updates',
  'var/lib/pacman/local',
  'usr/lib/holo/pacmandb/local',
  'var/db/pkg',
];

/** Analyzers of files that list packages which have no other file that identifies them. */
const inventories: readonly Analyzer[] = [apk, composer, dotnetDeps, dpkg, embeddedSbom, nestedRoot, opkg, rpm];

const noHead = new Uint8Array();

/**
 * Warns about the databases and lists of packages among incompletely read files: their packages
 * may be missing, whereas another file hides only itself. So does a folder that may have a
 * database.
 */
export function databaseWarnings(warnings: readonly Warning[]): Warning[] {
  // The target of a hard link may be in another layer: `unreadDatabases` looks there.
  const unread = warnings.filter((warning) => isPartial(warning) && warning.code !== 'HARDLINK_WITHOUT_TARGET');
  const paths = new Set(unread.flatMap(({ path }) => path ?? []));
  return [...paths].filter(mayListPackages).map((path) => {
    return { code: 'DATABASE_UNREADABLE', path, message: 'list of packages that was not read completely' };
  });
}

function mayListPackages(path: string): boolean {
  if (inventories.some(({ wants }) => wants(path, noHead))) return true;
  const folder = path.endsWith('/') ? path : `${path}/`;
  return [...databases.values()].flat().some((database) => database.startsWith(folder));
}

/**
 * Warns about databases whose links lead to an unread file: one of another layer, whose analysis
 * did not know the link, or none at all.
 */
export function unreadDatabases(layers: readonly AnalyzedLayer[], view: Overlay): Warning[] {
  const warnings: Warning[] = [];
  for (const [analyzer, paths] of databases) {
    for (const path of paths) {
      const found = view.lookup(path);
      if (!found || (found.entry.type !== 'hardlink' && found.entry.path === path)) continue;
      const { type, path: real, linkTarget = real } = found.entry;
      const places = [found, type === 'hardlink' ? view.lookup(linkTarget) : undefined];
      const isRead = places.some((at) => at && isReadAt(layers[at.layer]!, analyzer, [path, at.entry.path]));
      if (isRead || (type !== 'file' && type !== 'hardlink')) continue;
      warnings.push({ code: 'DATABASE_UNREADABLE', path, message: `link to ${linkTarget} that was not read` });
    }
  }
  for (const path of packageFolders) {
    const real = view.realPath(path);
    if (real === undefined || real === path || !hasUnreadFile(real, layers, view)) continue;
    warnings.push({ code: 'DATABASE_UNREADABLE', path, message: `link to ${real}, whose files were not read` });
  }
  return warnings;
}

/** Whether a folder has files, and no analyzer knows what they are. */
function hasUnreadFile(folder: string, layers: readonly AnalyzedLayer[], view: Overlay): boolean {
  const isInside = (path: string) => path.startsWith(`${folder}/`);
  if (layers.some(({ facts }) => facts.files.some(({ path }) => isInside(path)))) return false;
  for (const { entry } of view.shown.values()) if (entry.type !== 'directory' && isInside(entry.path)) return true;
  return false;
}

function isReadAt({ facts }: AnalyzedLayer, analyzer: string, paths: readonly string[]): boolean {
  return facts.files.some((file) => file.analyzer === analyzer && paths.includes(file.path));
}
