import type { Analyzer } from '../analyzer.js';
import { isLockFile } from '../lock-file.js';
import { lockedPackages, type LockedPackage } from '../pypi.js';

/** Packages locked by PDM. @see https://pdm-project.org/en/latest/usage/lockfile/ */
export const pdmLock: Analyzer = {
  name: 'pdm-lock',
  version: 2,
  wants: (path) => isLockFile(path, 'pdm.lock'),
  analyze: (file) => lockedPackages(file, (locked) => isForDevelopment(locked) || isOwnFolder(locked)),
};

function isForDevelopment({ groups }: LockedPackage): boolean {
  return Array.isArray(groups) && !groups.includes('default');
}

function isOwnFolder({ path, editable }: LockedPackage): boolean {
  return path !== undefined || editable === true;
}
