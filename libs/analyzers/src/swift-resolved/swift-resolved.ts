import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson, textOf } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * Packages locked by Swift's package manager, file versions 1 to 3.
 * @see https://github.com/swiftlang/swift-package-manager/blob/main/Documentation/Usage.md
 * "Resolving versions (Package.resolved file)"
 */
export const swiftResolved: Analyzer = {
  name: 'swift-resolved',
  version: 1,
  wants: (path) => isLockFile(path, 'Package.resolved'),
  analyze: ({ path, content }) => {
    const document = objectOf(readJson(content));
    const pins = document['pins'] ?? objectOf(document['object'])['pins'];
    if (!Array.isArray(pins)) throw new MalformedFile('no resolved packages of Swift');
    return declaredLibraries('swift', path, pins.map(readPin));
  },
};

function readPin(pin: unknown): LibraryEntry {
  const { location, repositoryURL, state, kind } = objectOf(pin);
  const { version } = objectOf(state);
  // Branches and revisions have no version, local packages are the application's own, registries
  // have no address.
  if (typeof version !== 'string' || kind === 'localSourceControl' || kind === 'registry') return undefined;
  const address = textOf(location) ?? textOf(repositoryURL) ?? '';
  if (/^(?:file:|[./~])/.test(address)) return undefined;
  const name = nameOf(address);
  return name === undefined ? 'unreadable' : { name, version: version.replace(/^v(?=\d)/, '') };
}

/**
 * `github.com/apple/swift-nio` for `https://github.com/apple/swift-nio.git` and
 * `git@github.com:apple/swift-nio`.
 */
function nameOf(location: string): string | undefined {
  const [, host, path] =
    /^(?:\w{1,16}:\/\/)?(?:[^/@]{1,256}@)?([\w.-]{1,256})(?::\d{1,5})?[/:]([^?#]{1,1024})$/.exec(location.trim()) ?? [];
  if (host === undefined || path === undefined) return undefined;
  return `${host.toLowerCase()}/${path.replace(/\/{0,8}$/, '').replace(/\.git$/, '')}`;
}
