import { posix } from 'node:path';

import { LimitExceeded, type OwnedFile } from '@tidewaiter/domain';

/** The largest packages have some 50,000 files, and their paths some 8 MB. */
const maxPackageFiles = 500_000;
const maxPathCharacters = 64 << 20;
const maxPathLength = 4096;

/**
 * Resolves a file name of a package, relative to its folder (also with `../`) or absolute;
 * undefined if invalid.
 */
export function pathFrom(folder: string, name: string): string | undefined {
  if (name.length > maxPathLength || name.includes('\0') || !name.isWellFormed() || /(^|\/)\.{0,2}$/.test(name))
    return undefined;
  const path = name.startsWith('/') ? posix.normalize(name).slice(1) : posix.join(folder, name);
  return path.startsWith('../') ? undefined : path;
}

/**
 * Record of one file of a package, without a digest for compiled Python: Python recompiles it when
 * it is older than its source, and slim images drop it.
 */
export function packageFile(path: string, digest?: string): OwnedFile {
  if (path.endsWith('.pyc')) return { path, role: 'ghost' };
  return digest === undefined ? { path } : { path, digest };
}

/**
 * Collects the files of one package; entries without a usable path are counted.
 * @throws LimitExceeded `maxPackageFiles` or `maxPathCharacters`: a few bytes of an entry repeat
 * the folder's whole path
 */
export function collectFiles(entries: Iterable<OwnedFile | undefined>): { files: OwnedFile[]; damage?: string } {
  const files: OwnedFile[] = [];
  let unreadable = 0;
  let characters = 0;
  for (const entry of entries) {
    if (entry) files.push(entry);
    else unreadable += 1;
    characters += entry?.path.length ?? 0;
    if (files.length > maxPackageFiles)
      throw new LimitExceeded('maxPackageFiles', `package of more than ${maxPackageFiles} files`);
    if (characters > maxPathCharacters)
      throw new LimitExceeded('maxPathCharacters', `package with paths of more than ${maxPathCharacters} characters`);
  }
  return unreadable === 0 ? { files } : { files, damage: `${unreadable} entries without a usable path` };
}
