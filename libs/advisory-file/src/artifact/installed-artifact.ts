import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { Unavailable } from '@tidewaiter/domain';

import { damaged, explained, formatOf, openDefensively, unusable } from '../format.js';
import { checksumOf } from '../rows.js';
import { applyDelta } from './apply-delta.js';
import { tableShapes } from './table-shapes.js';

/** Artifact whose content a file has. */
export interface HeldArtifact {
  /** Digest of its manifest. */
  manifest: string;
  /** SHA-256 over its rows. */
  content: string;
  /** Time up to which its sources were checked, ISO 8601. */
  createdAt: string;
  /** Number of rows by table. */
  rows: Record<string, number>;
}

/** Time to wait for another writer, and for readers of what is replaced. */
const busyTimeoutMs = 10_000;
const name = 'held';

/**
 * Artifact whose content a file has; null if there is no such file, or anything else was written to
 * it since.
 */
export function heldArtifact(path: string): HeldArtifact | null {
  if (formatOf(path) !== 'current') return null;
  return attempt(path, () => {
    using open = opened(path, true);
    return heldIn(path, open.db);
  });
}

/**
 * Applies changes to a file that has the content of an artifact, and records that it has that of
 * another. Readers see all of it or nothing.
 * @throws InvalidInput `ARTIFACT_DELTA`, which leaves the file as it is
 */
export function advanceFile(path: string, deltas: readonly Buffer[], from: string | null, to: HeldArtifact): void {
  attempt(path, () => {
    using open = opened(path, false);
    const { db } = open;
    db.exec('BEGIN IMMEDIATE');
    try {
      if (from !== null && heldIn(path, db)?.content !== from) throw busy(path);
      for (const delta of deltas) applyDelta(db, delta);
      // An image without changes is as its digest says.
      if (deltas.length > 0) checkCounts(path, db, to);
      const state = JSON.stringify(to);
      db.prepare('INSERT OR REPLACE INTO artifact VALUES (?, ?, ?)').run(name, state, checksumOf(name, state));
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
    db.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)');
  });
}

/**
 * Puts a complete file in the place of another. Readers of the old one keep it until they close it;
 * a process that dies on the way leaves one or the other.
 * @throws InvalidInput `ADVISORIES_DAMAGED` for a file of another kind in its place, which stays
 * @throws Unavailable `ADVISORIES_BUSY` while another process writes or reads unfinished changes
 */
export function replaceFile(complete: string, path: string): void {
  const format = formatOf(path);
  if (format === 'newer' || format === 'foreign') throw unusable(path, format);
  attempt(path, () => {
    mkdirSync(dirname(resolve(path)), { recursive: true });
    flush(complete);
    if (format !== 'current') return swap(complete, path);
    using old = opened(path, false);
    // A log with content belongs to the old file: it would be applied to the new one.
    const [result] = old.db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
    if (result?.['busy'] !== 0) throw busy(path);
    old.db.exec('BEGIN IMMEDIATE');
    swap(complete, path);
  });
  flush(dirname(resolve(path)));
}

function swap(complete: string, path: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  renameSync(complete, path);
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function heldIn(path: string, db: DatabaseSync): HeldArtifact | null {
  const row = db.prepare('SELECT state, checksum FROM artifact WHERE name = ?').get(name);
  if (!row) return null;
  if (row['checksum'] !== checksumOf(name, String(row['state'])))
    throw damaged(path, 'a wrong checksum of its artifact');
  return JSON.parse(String(row['state'])) as HeldArtifact;
}

function checkCounts(path: string, db: DatabaseSync, { rows }: HeldArtifact): void {
  for (const shape of tableShapes(db)) {
    const count = Number(db.prepare(`SELECT count(*) AS count FROM ${shape.name}`).get()!['count']);
    const expected = rows[shape.name] ?? 0;
    if (count !== expected) throw damaged(path, `${count} rows of ${shape.name} instead of ${expected}`);
  }
}

function opened(path: string, readOnly: boolean): { db: DatabaseSync } & Disposable {
  const db = openDefensively(path, { readOnly, timeout: busyTimeoutMs });
  if (!readOnly) db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536');
  return {
    db,
    [Symbol.dispose]: () => {
      if (db.isTransaction) db.exec('ROLLBACK');
      db.close();
    },
  };
}

function busy(path: string): Unavailable {
  return new Unavailable('ADVISORIES_BUSY', `${path}: another process reads or writes it`);
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(path, error);
  }
}
