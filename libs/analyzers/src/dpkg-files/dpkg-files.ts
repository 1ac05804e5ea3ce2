import type { OwnedFile } from '@tidewaiter/domain';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { factLimits } from '../fact-limits.js';
import { collectOwned, documentationRole, ownedPath } from '../owned-files.js';
import { isToken, linesOf } from '../package-database.js';

const folder = 'var/lib/dpkg/';
const list =
  /^var\/lib\/dpkg\/(?:info\/([^/:]{1,255})(?::[a-z0-9-]{1,64})?\.(list|md5sums|conffiles)|status\.d\/([^/]{1,255})\.md5sums)$/;
const md5sum = /^([0-9a-f]{32}) [ *](.{1,4096})$/;

type Line = OwnedFile | 'unreadable' | undefined;

/**
 * Files of Debian packages: all of them in `NAME.list`, the digests of most in `NAME.md5sums`,
 * those that users may edit in `NAME.conffiles`. Distroless images have only digests, beside the
 * package in status.d.
 * @see https://manpages.debian.org/deb-md5sums.5 https://manpages.debian.org/deb-conffiles.5
 */
export const dpkgFiles: Analyzer = {
  name: 'dpkg-files',
  version: 1,
  wants: (path) => path.startsWith(folder) && list.test(path),
  analyze: ({ path, content }) => readList(path, content.toString('utf8')),
};

function readList(path: string, text: string): FileFacts {
  const [, installed, kind = 'md5sums', unpacked] = list.exec(path) ?? [];
  const name = installed ?? unpacked;
  if (!isToken(name)) return { damage: 'a file list of no package' };
  const found: OwnedFile[] = [];
  let unreadable = 0;
  for (const line of linesOf(text)) {
    const file = line === '' ? undefined : readers[kind as keyof typeof readers](line);
    if (file === 'unreadable') unreadable += 1;
    else if (file) found.push(file);
    // One more, so that the layer reports the limit.
    if (found.length > factLimits.maxOwnedFiles) break;
  }
  const files = kind === 'list' ? withoutDirectories(found) : found;
  const owned = collectOwned([{ type: 'deb', package: name, files }]);
  return unreadable === 0 ? { owned } : { owned, damage: `${unreadable} lines that name no file` };
}

const readers = {
  list: (line: string): Line => (line === '/.' ? undefined : readPath(line)),
  md5sums: readDigest,
  conffiles: readConffile,
};

function readPath(line: string): Line {
  const path = line.startsWith('/') ? ownedPath(line) : undefined;
  return path === undefined ? 'unreadable' : { path, ...documentationRole(path) };
}

function readDigest(line: string): Line {
  const [, md5, name = ''] = md5sum.exec(line) ?? [];
  const path = ownedPath(name.startsWith('./') ? name.slice(2) : name);
  return path === undefined ? 'unreadable' : { path, digest: `md5:${md5}`, ...documentationRole(path) };
}

function readConffile(line: string): Line {
  if (line.startsWith('remove-on-upgrade ')) return undefined;
  const path = line.startsWith('/') ? ownedPath(line.trimEnd()) : undefined;
  return path === undefined ? 'unreadable' : { path, role: 'config' };
}

/** Drops directories, which are recognizable only by the files in them. */
function withoutDirectories(files: readonly OwnedFile[]): OwnedFile[] {
  const directories = new Set(files.map(({ path }) => path.slice(0, Math.max(path.lastIndexOf('/'), 0))));
  return files.filter(({ path }) => !directories.has(path));
}
