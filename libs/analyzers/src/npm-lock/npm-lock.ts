import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson, textOf } from '../document.js';
import { gitSource } from '../git-source.js';
import { declaredLibraries, licensesOf, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/** Limit on nesting: version 1 nests as deep as the packages. */
const maxDepth = 128;

/** Packages locked by npm. @see https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
export const npmLock: Analyzer = {
  name: 'npm-lock',
  version: 4,
  wants: (path) => isLockFile(path, 'package-lock.json') || isLockFile(path, 'npm-shrinkwrap.json'),
  analyze: ({ path, content }) => {
    const { packages, dependencies, lockfileVersion } = objectOf(readJson(content));
    if (packages === undefined && dependencies === undefined && lockfileVersion === undefined)
      throw new MalformedFile('no lock file of npm');
    // Version 2 has every package in both forms.
    const claims = packages === undefined ? readDependencies(dependencies) : readPackages(packages);
    return declaredLibraries('npm', path, claims);
  },
};

function* readPackages(packages: unknown): Generator<LibraryEntry> {
  for (const [path, value] of Object.entries(objectOf(packages))) {
    const folder = path.lastIndexOf('node_modules/');
    // The root and its workspaces are the application itself, and links lead to them.
    if (folder === -1) continue;
    const entry = objectOf(value);
    if (entry['dev'] !== true && entry['link'] !== true && entry['extraneous'] !== true)
      yield readEntry(path.slice(folder + 'node_modules/'.length), entry);
  }
}

function readEntry(
  folder: string,
  { name = folder, version, resolved, license }: Record<string, unknown>,
): LibraryEntry {
  const from = textOf(resolved);
  // Optional peers that are not installed have entries with neither.
  if (from === undefined ? version === undefined : /^file:/.test(from)) return undefined;
  if (typeof name !== 'string' || typeof version !== 'string') return 'unreadable';
  return { name, version, licenses: licensesOf(license ?? []), ...gitSource(from ?? '') };
}

function* readDependencies(root: unknown): Generator<LibraryEntry> {
  const open = [{ dependencies: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.depth > maxDepth) throw new LimitExceeded('maxDepth', `dependencies nested more than ${maxDepth} deep`);
    for (const [name, value] of Object.entries(objectOf(next.dependencies))) {
      const { version, dev, dependencies } = objectOf(value);
      if (dependencies !== undefined) open.push({ dependencies, depth: next.depth + 1 });
      if (dev !== true) yield readDependency(name, version);
    }
  }
}

/**
 * Parses a dependency. The version of an alias is `npm:lodash@3.10.1`; that of a file, link,
 * repository or archive its address.
 */
function readDependency(name: string, version: unknown): LibraryEntry {
  if (typeof version !== 'string') return 'unreadable';
  const at = version.lastIndexOf('@');
  if (version.startsWith('npm:') && at > 'npm:'.length)
    return { name: version.slice('npm:'.length, at), version: version.slice(at + 1) };
  if (/^(?:file|link):/.test(version)) return undefined;
  return /[:/]/.test(version) ? { name, version: null } : { name, version };
}
