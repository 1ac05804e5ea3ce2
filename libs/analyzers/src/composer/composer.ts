import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson } from '../document.js';
import { installedLibraries, licensesOf, type LibraryEntry } from '../library-package.js';

const installed = /(?:^|\/)composer\/installed\.json$/;

/**
 * PHP packages that Composer 1 (a list) or 2 installed. @see
 * https://getcomposer.org/doc/04-schema.md
 */
export const composer: Analyzer = {
  name: 'composer',
  version: 1,
  wants: (path) => path.endsWith('/installed.json') && installed.test(path),
  analyze: ({ path, content }) => {
    const document = readJson(content);
    const packages = Array.isArray(document) ? document : objectOf(document)['packages'];
    if (!Array.isArray(packages)) throw new MalformedFile('no list of installed packages of Composer');
    return installedLibraries('composer', path, packages.map(readComposerPackage));
  },
};

/** Parses a package of Composer's lock files and lists of installed packages. */
export function readComposerPackage(value: unknown): LibraryEntry {
  const { name, version, license } = objectOf(value);
  if (typeof name !== 'string' || typeof version !== 'string') return 'unreadable';
  return { name: name.toLowerCase(), version: version.replace(/^v(?=\d)/i, ''), licenses: licensesOf(license ?? []) };
}
