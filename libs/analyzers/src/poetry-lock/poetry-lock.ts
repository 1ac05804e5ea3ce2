import type { Analyzer } from '../analyzer.js';
import { objectOf } from '../document.js';
import { isLockFile } from '../lock-file.js';
import { lockedPackages, type LockedPackage } from '../pypi.js';

/**
 * Packages locked by Poetry. @see
 * https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock
 */
export const poetryLock: Analyzer = {
  name: 'poetry-lock',
  version: 2,
  wants: (path) => isLockFile(path, 'poetry.lock'),
  analyze: (file) => lockedPackages(file, (locked) => isForDevelopment(locked) || isOwnFolder(locked)),
};

/**
 * Poetry 2 writes the groups of a package; versions before 1.5 write `dev` or `main`, those between
 * nothing.
 */
function isForDevelopment({ category, groups }: LockedPackage): boolean {
  return category === 'dev' || (Array.isArray(groups) && !groups.includes('main'));
}

function isOwnFolder({ source }: LockedPackage): boolean {
  return objectOf(source)['type'] === 'directory';
}
