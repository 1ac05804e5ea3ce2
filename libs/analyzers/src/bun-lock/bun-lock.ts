import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { listOf, objectOf, parseJson, readText, textOf } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';
import { isBinaryLock, readBinaryLock } from './binary-lock.js';

/** Packages locked by Bun, in text or binary. @see https://bun.com/docs/pm/lockfile */
export const bunLock: Analyzer = {
  name: 'bun-lock',
  version: 3,
  wants: (path) => isLockFile(path, 'bun.lock') || isLockFile(path, 'bun.lockb'),
  analyze: ({ path, content }) =>
    declaredLibraries(
      'npm',
      path,
      isBinaryLock(content) ? readBinaryLock(content) : readLock(withoutTrailingCommas(readText(content))),
    ),
};

/** Removes trailing commas: Bun writes one after every last element. */
function withoutTrailingCommas(text: string): string {
  return text.replaceAll(/,(\s{0,256}[}\]])/g, '$1');
}

function* readLock(text: string): Generator<LibraryEntry> {
  const { workspaces, packages } = objectOf(parseJson(text));
  if (workspaces === undefined) throw new MalformedFile('no lock file of Bun');
  const entries = new Map(Object.entries(objectOf(packages)).map(([key, value]) => [key, listOf(value)]));
  for (const key of reachable(workspaces, entries)) yield readEntry(textOf(entries.get(key)![0]));
}

type Entries = ReadonlyMap<string, readonly unknown[]>;

/**
 * Keys that the workspaces need at run time: development dependencies are not marked in any other
 * way.
 */
function reachable(workspaces: unknown, entries: Entries): Set<string> {
  const seen = new Set<string>();
  const follow = (owner: string, manifest: unknown): void => {
    const places = placesOf(owner);
    for (const name of runTimeNames(manifest)) {
      // Node's resolution order: the owner's own copy, else that of an enclosing package, else the
      // shared one.
      const place = places.find((prefix) => entries.has(prefix + name));
      if (place !== undefined) seen.add(place + name);
    }
  };
  for (const workspace of Object.values(objectOf(workspaces)))
    follow(textOf(objectOf(workspace)['name']) ?? '', workspace);
  // Iterating a set includes elements that are added during the iteration.
  for (const key of seen) {
    const details = entries.get(key)!.find((part) => typeof part === 'object');
    follow(key, details);
  }
  return seen;
}

function* runTimeNames(manifest: unknown): Generator<string> {
  const { dependencies, optionalDependencies, peerDependencies, optionalPeers } = objectOf(manifest);
  yield* Object.keys(objectOf(dependencies));
  yield* Object.keys(objectOf(optionalDependencies));
  const absent = new Set(listOf(optionalPeers));
  for (const name of Object.keys(objectOf(peerDependencies))) if (!absent.has(name)) yield name;
}

/**
 * Limit on nesting, above that of real packages: each level costs a lookup for every dependency.
 */
const maxLevels = 8;
const maxOwnerLength = 2048;

/**
 * Prefixes at which a package looks up its dependencies: for `express/@s/a`, `express/@s/a/`,
 * `express/` and ''.
 */
function placesOf(owner: string): string[] {
  const names = (owner.slice(0, maxOwnerLength).match(/(?:@[^/]{1,256}\/)?[^/]{1,256}/g) ?? []).slice(0, maxLevels);
  const places = [''];
  for (const name of names) places.unshift(`${places[0]}${name}/`);
  return places;
}

/**
 * Parses `@hapi/bourne@2.0.0`; a package outside a registry has an address instead of a version.
 */
function readEntry(specifier: string | undefined): LibraryEntry {
  const at = specifier?.indexOf('@', 1) ?? -1;
  if (specifier === undefined || at === -1) return 'unreadable';
  const version = specifier.slice(at + 1);
  const name = specifier.slice(0, at);
  if (/^(?:workspace|file|folder|link|root|module):/.test(version) || /^\.{0,2}\//.test(version)) return undefined;
  return /[:/]/.test(version) ? { name, version: null } : { name, version };
}
