import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson, textOf } from '../document.js';
import { isLockFile } from '../lock-file.js';
import { collectPackages } from '../package-database.js';
import { normalizedName, pypiRecord } from '../pypi.js';

/** Production packages locked by Pipenv. @see https://pipenv.pypa.io/en/latest/pipfile.html */
export const pipfileLock: Analyzer = {
  name: 'pipfile-lock',
  version: 2,
  wants: (path) => isLockFile(path, 'Pipfile.lock'),
  analyze: ({ path, content }) => {
    const locked = Object.entries(objectOf(objectOf(readJson(content))['default']));
    const names = locked.filter(([name, entry]) => isAddressed(name, objectOf(entry))).map(([name]) => name);
    return {
      ...collectPackages(readLocked(locked, path)),
      ...(names.length > 0 && {
        unpinned: { type: 'pypi', names: names.slice(0, maxUnversioned).map((name) => normalizedName(name)) },
      }),
    };
  },
};

/** Limit on names without a version of one file. */
const maxUnversioned = 1_000;
const remote = /^(?!file:)[a-z][a-z0-9+]{0,15}:\/\//i;

/** Whether a distribution is of a repository or an archive elsewhere, without its version. */
function isAddressed(name: string, { version, git, hg, svn, bzr, file, path }: Record<string, unknown>): boolean {
  if (version !== undefined || !/^[\w.-]{1,214}$/.test(name)) return false;
  if ([git, hg, svn, bzr].some((address) => typeof address === 'string')) return true;
  return [file, path].some((address) => typeof address === 'string' && remote.test(address));
}

function* readLocked(
  locked: readonly (readonly [name: string, entry: unknown])[],
  path: string,
): Generator<PackageRecord | 'unreadable'> {
  for (const [name, entry] of locked) {
    const version = textOf(objectOf(entry)['version']);
    // Without a version it comes from a folder, a repository or an archive.
    if (version === undefined) continue;
    yield pypiRecord({ name, version: version.replace(/^={2,3}/, ''), foundIn: path, isDeclared: true });
  }
}
