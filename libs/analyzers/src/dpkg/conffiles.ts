import type { OwnedFile, OwnedFiles } from '@tidewaiter/domain';

import { ownedPath } from '../owned-files.js';
import { isToken, linesOf } from '../package-database.js';

/** `newconffile` takes the place of a digest until the package is configured. */
const entry = /^ (\/.{1,4096}?) (?:([0-9a-f]{32})|newconffile)(?: obsolete)?(?: remove-on-upgrade)?$/;

/**
 * Configuration files of each package in a status file, with the digests at installation.
 * @see https://manpages.debian.org/deb-conffiles.5 and the field Conffiles of `dpkg-query --status`
 */
export function* conffilesOf(text: string): Generator<OwnedFiles> {
  let name: string | undefined;
  let files: OwnedFile[] = [];
  let isListed = false;
  for (const line of linesOf(text)) {
    const file = isListed ? readEntry(line) : undefined;
    if (file) files.push(file);
    if (/^package:/i.test(line)) name = line.slice('package:'.length).trim();
    if (!line.startsWith(' ')) isListed = /^conffiles:/i.test(line);
    if (line !== '') continue;
    if (isToken(name)) yield { type: 'deb', package: name, files };
    name = undefined;
    files = [];
  }
  if (isToken(name)) yield { type: 'deb', package: name, files };
}

function readEntry(line: string): OwnedFile | undefined {
  const [, name, md5] = entry.exec(line) ?? [];
  const path = name === undefined ? undefined : ownedPath(name);
  return path === undefined ? undefined : { path, role: 'config', ...(md5 !== undefined && { digest: `md5:${md5}` }) };
}
