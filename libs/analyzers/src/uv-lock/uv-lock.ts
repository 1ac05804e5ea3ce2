import type { Analyzer } from '../analyzer.js';
import { objectOf } from '../document.js';
import { isLockFile } from '../lock-file.js';
import { lockedPackages, type LockedPackage } from '../pypi.js';

/** Packages locked by uv. @see https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile */
export const uvLock: Analyzer = {
  name: 'uv-lock',
  version: 2,
  wants: (path) => isLockFile(path, 'uv.lock'),
  analyze: (file) => lockedPackages(file, isOwnFolder),
};

/** The project and its workspace, which are on no index. */
function isOwnFolder({ source }: LockedPackage): boolean {
  const { editable, virtual, directory } = objectOf(source);
  return [editable, virtual, directory].some((path) => path !== undefined);
}
