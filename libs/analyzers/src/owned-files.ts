import { LimitExceeded, type OwnedFile, type OwnedFiles } from '@tidewaiter/domain';

/** A database of a large desktop has some 500,000 files, and their paths some 40 MB. */
const maxOwnedFiles = 1_000_000;
const maxPathCharacters = 64 << 20;
const maxPathLength = 4096;

/** Paths that `path-exclude` of dpkg in slim images and `nodocs` of dnf leave out. */
const documentation = /^usr\/(?:local\/)?share\/(?:doc|doc-base|groff|help|info|linda|lintian|locale|man)\//;

/** Path in a database, without leading slash; undefined if it names no file below the root. */
export function ownedPath(text: string): string | undefined {
  const path = text.startsWith('/') ? text.slice(1) : text;
  if (path === '' || path.length > maxPathLength || path.includes('\0') || !path.isWellFormed()) return undefined;
  return path.includes('.') && path.split('/').some((part) => part === '.' || part === '..') ? undefined : path;
}

/** Role of documentation, which images may lack without tampering, as a part of a file's record. */
export function documentationRole(path: string): Pick<OwnedFile, 'role'> {
  return documentation.test(path) ? { role: 'documentation' } : {};
}

/**
 * Collects the packages that own at least one file.
 * @throws LimitExceeded `maxOwnedFiles` or `maxPathCharacters`: a few bytes of a database can
 * repeat a long directory
 */
export function collectOwned(packages: Iterable<OwnedFiles>): OwnedFiles[] {
  const owned: OwnedFiles[] = [];
  let files = 0;
  let characters = 0;
  for (const each of packages) {
    files += each.files.length;
    for (const { path } of each.files) characters += path.length;
    if (files > maxOwnedFiles) throw new LimitExceeded('maxOwnedFiles', `database of more than ${maxOwnedFiles} files`);
    if (characters > maxPathCharacters)
      throw new LimitExceeded('maxPathCharacters', `database of paths of more than ${maxPathCharacters} characters`);
    if (each.files.length > 0) owned.push(each);
  }
  return owned;
}
