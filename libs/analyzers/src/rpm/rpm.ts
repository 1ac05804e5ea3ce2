import { MalformedFile, type OwnedFiles, type PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { collectOwned } from '../owned-files.js';
import { collectPackages } from '../package-database.js';
import { berkeleyBlobs, isBerkeleyHash } from './berkeley-db.js';
import { orUnreadable } from './bytes.js';
import { readHeader } from './header.js';
import { isNdb, ndbBlobs } from './ndb.js';
import { filesOf, packageOf } from './rpm-package.js';
import { isSqlite, sqliteBlobs } from './sqlite.js';
import { thirdParty } from './vendors.js';

const database = /^(?:var\/lib\/rpm|usr\/(?:lib\/sysimage|share)\/rpm)\/(?:Packages|Packages\.db|rpmdb\.sqlite)$/;
/** Files in which SQLite has changes that are not in the database, or not valid in it. */
const log = /^(.*\.sqlite)-(?:wal|journal)$/;
/** Limit on broken parts, above which a database is not worth the time. */
const maxUnreadable = 10_000;

/**
 * Installed packages of Red Hat, SUSE and their derivatives, with their files, from any of the
 * three kinds of database.
 */
export const rpm: Analyzer = {
  name: 'rpm',
  maxBytes: Infinity,
  version: 4,
  wants: (path) => database.test(path.replace(log, '$1')),
  analyze: ({ path, content }) => (log.test(path) ? readLog(content) : readDatabase(path, content)),
};

/**
 * Pages that SQLite has not moved into the database yet, or moves back into it. The file is empty,
 * zeros or missing when there are none.
 */
function readLog(content: Buffer): FileFacts {
  return content.every((byte) => byte === 0) ? {} : { damage: 'packages that only this log has are not read' };
}

function readDatabase(path: string, content: Buffer): FileFacts {
  const found: PackageScan = { records: [], unreadable: 0 };
  const owned = collectOwned(readPackages(withinFile(blobsOf(path, content), content.length), path, found));
  const facts = { ...collectPackages(found.records), owned };
  return found.unreadable === 0
    ? facts
    : { ...facts, damage: `${found.unreadable} parts of the database cannot be read` };
}

interface PackageScan {
  records: PackageRecord[];
  unreadable: number;
}

/** Yields the files of each package; adds the packages themselves to `found`. */
function* readPackages(
  blobs: Iterable<Buffer | 'unreadable'>,
  path: string,
  found: PackageScan,
): Generator<OwnedFiles> {
  for (const blob of blobs) {
    if (found.unreadable >= maxUnreadable) return;
    const header = blob === 'unreadable' ? blob : orUnreadable(() => readHeader(blob));
    const record = header === 'unreadable' ? header : orUnreadable(() => packageOf(header, path));
    if (header === 'unreadable' || record === 'unreadable') found.unreadable += 1;
    else if (record) {
      found.records.push(record);
      const owned = orUnreadable(() => ({ files: filesOf(header), ...thirdParty(header) }));
      if (owned === 'unreadable') found.unreadable += 1;
      else yield { type: 'rpm', package: record.name, ...owned };
    }
  }
}

function blobsOf(path: string, content: Buffer): Iterable<Buffer | 'unreadable'> {
  if (isSqlite(content)) return sqliteBlobs(content);
  if (isNdb(content)) return ndbBlobs(content);
  if (isBerkeleyHash(content)) return berkeleyBlobs(content);
  throw new MalformedFile(`${path} is no rpm database`);
}

/**
 * Headers that exceed their file in total share bytes: a small file would become a large result.
 */
function* withinFile(blobs: Iterable<Buffer | 'unreadable'>, bytes: number): Generator<Buffer | 'unreadable'> {
  let room = bytes;
  for (const blob of blobs) {
    if (blob !== 'unreadable') room -= blob.length;
    if (room < 0) throw new MalformedFile('headers that overlap');
    yield blob;
  }
}
