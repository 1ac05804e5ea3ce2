import type { Overlay, Warning } from '@tidewaiter/oci';

import { apk } from './apk/apk.js';
import { dpkg } from './dpkg/dpkg.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { osRelease } from './os-release/os-release.js';
import { rpm } from './rpm/rpm.js';

const rpmFolders = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];

/**
 * Paths at which distributions' tools look for their databases, by the analyzer that reads them.
 */
export const databases: ReadonlyMap<string, readonly string[]> = new Map([
  [apk.name, ['lib/apk/db/installed', 'usr/lib/apk/db/installed']],
  [dpkg.name, ['var/lib/dpkg/status']],
  [osRelease.name, ['etc/os-release', 'usr/lib/os-release']],
  [rpm.name, rpmFolders.flatMap((at) => ['Packages', 'Packages.db', 'rpmdb.sqlite'].map((name) => `${at}/${name}`))],
]);

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
  return warnings;
}

function isReadAt({ facts }: AnalyzedLayer, analyzer: string, paths: readonly string[]): boolean {
  return facts.files.some((file) => file.analyzer === analyzer && paths.includes(file.path));
}
