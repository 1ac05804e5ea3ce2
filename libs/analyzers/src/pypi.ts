import type { PackageRecord } from '@tidewaiter/domain';

import type { FileFacts, SourceFile } from './analyzer.js';
import { listOf, objectOf } from './document.js';
import { libraryRecord, type LibraryClaim } from './library-record.js';
import { collectPackages } from './package-database.js';
import { readToml } from './toml.js';

/** The name under which PyPI and advisories know a distribution. @see https://peps.python.org/pep-0503/#normalized-names */
export function normalizedName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

/** The record of a Python distribution; its name must begin and end with a letter or digit. */
export function pypiRecord({ name, ...claim }: Omit<LibraryClaim, 'type'>): PackageRecord | 'unreadable' {
  if (typeof name !== 'string' || !/^[A-Za-z0-9]/.test(name) || !/[A-Za-z0-9]$/.test(name)) return 'unreadable';
  return libraryRecord({ type: 'pypi', name: normalizedName(name), ...claim });
}

/**
 * Whether a path lies among the tests that a distribution, or Python itself, brings along: what is there only looks installed. In
 * a folder of somebody's own that has such a name, an installer's `dist-info` is what it says.
 */
export function isTestData(path: string): boolean {
  const brought = [...path.matchAll(broughtFolder)].at(-1);
  if (!brought && path.includes('.dist-info/')) return false;
  return /(^|\/)tests?\//.test(path.slice(brought?.index ?? 0));
}

const broughtFolder = /(?:^|\/)(?:site-packages|dist-packages|python\d(?:\.\d{1,3})?)\//g;

/** What a lock file says of one package. */
export type LockedPackage = Readonly<Record<string, unknown>>;

/** The packages of a lock file in TOML, without those that `isLeftOut` names. */
export function lockedPackages(
  { path, content }: SourceFile,
  isLeftOut: (locked: LockedPackage) => boolean,
): FileFacts {
  // uv called its packages distributions at first.
  const { package: packages, distribution } = readToml(content);
  return collectPackages(readLocked(listOf(packages ?? distribution).map(objectOf), isLeftOut, path));
}

function* readLocked(list: readonly LockedPackage[], isLeftOut: (locked: LockedPackage) => boolean, foundIn: string) {
  for (const locked of list) {
    if (isLeftOut(locked)) continue;
    yield pypiRecord({ name: locked['name'], version: locked['version'], foundIn, isDeclared: true });
  }
}
