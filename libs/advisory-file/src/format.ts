import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { InvalidInput, TidewaiterError, Unavailable } from '@tidewaiter/domain';

/** Identifies an SQLite file as one of advisories: `TWAV`. */
const applicationId = 0x54574156;
/** Raise it when tables or their content change: older files are then recreated. */
export const formatVersion = 5;

const magic = 'SQLite format 3\0';
const applicationIdAt = 68;
const userVersionAt = 60;
const headerBytes = 72;

const advice = 'delete it and run `tidewaiter advisories sync`, or `advisories import`';

/**
 * Rows have checksums over key and content. A package is found by its name and the release of its
 * distribution or language; that leads to the entries about it, without reading the advisories
 * themselves, most of which do not match.
 */
const tables = `
  CREATE TABLE feed (name TEXT PRIMARY KEY, state TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;

  -- release is '' where advisories name none, as those of languages.
  CREATE TABLE release (id INTEGER PRIMARY KEY, ecosystem TEXT NOT NULL, release TEXT NOT NULL, UNIQUE (ecosystem, release));

  -- modified is '' of what has to be written again whatever its date.
  CREATE TABLE advisory (
    id INTEGER PRIMARY KEY,
    osv_id TEXT NOT NULL UNIQUE,
    vulnerability TEXT NOT NULL,
    modified TEXT NOT NULL,
    record TEXT NOT NULL,
    checksum INTEGER NOT NULL
  );
  CREATE INDEX advisory_vulnerability ON advisory (vulnerability) WHERE vulnerability <> osv_id;

  CREATE TABLE affected (
    release_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    advisory_id INTEGER NOT NULL,
    entries TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (release_id, name, advisory_id)
  ) WITHOUT ROWID;
  CREATE INDEX affected_advisory ON affected (advisory_id);

  CREATE TABLE kev (cve TEXT NOT NULL, list TEXT NOT NULL, added_on TEXT NOT NULL, PRIMARY KEY (cve, list)) WITHOUT ROWID;
  CREATE TABLE epss (cve TEXT PRIMARY KEY, score REAL NOT NULL, percentile REAL NOT NULL) WITHOUT ROWID;

  -- Releases of a product of endoflife.date.
  CREATE TABLE end_of_life (product TEXT PRIMARY KEY, state TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;

  -- CPEs of a repository of Red Hat, as an array.
  CREATE TABLE repository_cpe (repository TEXT PRIMARY KEY, cpes TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;

  -- The artifact whose content this file has, as long as nothing else is written to it.
  CREATE TABLE artifact (name TEXT PRIMARY KEY, state TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;

  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
`;

/** Format of a file, by its first bytes. */
export type FileFormat = 'current' | 'older' | 'newer' | 'foreign' | 'empty' | 'absent';

/**
 * Whether a path is meant to be a local file of advisories, even if damaged or of another version;
 * archives and folders are not.
 */
export function isAdvisoryFile(path: string): boolean {
  return path.endsWith('.db') || (readHeader(path)?.toString('latin1').startsWith(magic) ?? false);
}

export function formatOf(path: string): FileFormat {
  const header = readHeader(path);
  if (header === undefined) return 'absent';
  if (header.length === 0) return 'empty';
  const isOurs =
    header.length === headerBytes &&
    header.toString('latin1', 0, magic.length) === magic &&
    header.readUInt32BE(applicationIdAt) === applicationId;
  if (!isOurs) return 'foreign';
  const version = header.readUInt32BE(userVersionAt);
  if (version === formatVersion) return 'current';
  return version < formatVersion ? 'older' : 'newer';
}

function readHeader(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const header = Buffer.alloc(headerBytes);
    return header.subarray(0, readSync(file, header, 0, headerBytes, 0));
  } catch {
    return undefined; // a folder
  } finally {
    closeSync(file);
  }
}

export function createTables(db: DatabaseSync): void {
  db.exec(`BEGIN IMMEDIATE; ${tables} COMMIT;`);
}

/** Whether the tables are as created: a damaged definition gives wrong answers, not errors. */
export function hasOurTables(db: DatabaseSync): boolean {
  const fresh = new DatabaseSync(':memory:');
  createTables(fresh);
  const [found, expected] = [db, fresh].map((each) => JSON.stringify(each.prepare(definitions).all()));
  fresh.close();
  return found === expected;
}

/**
 * Every definition but SQLite's own statistics. Others that are named like SQLite's own count, too:
 * a forged file may have a trigger of such a name.
 */
const definitions = `SELECT type, name, tbl_name, sql FROM sqlite_schema
  WHERE NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4')) ORDER BY type, name`;

/** Definitions as single statements. */
export function definitionsOf(): { tables: string[]; indexes: string[]; pragmas: string[] } {
  const fresh = new DatabaseSync(':memory:');
  createTables(fresh);
  const rows = fresh.prepare('SELECT type, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all();
  fresh.close();
  const of = (type: string) => rows.filter((row) => row['type'] === type).map((row) => String(row['sql']));
  const pragmas = [`PRAGMA application_id = ${applicationId}`, `PRAGMA user_version = ${formatVersion}`];
  return { tables: of('table'), indexes: of('index'), pragmas };
}

/**
 * Opens a file whose definitions may have been forged: nothing in them is trusted, and the schema
 * cannot be written.
 * @throws InvalidInput `ADVISORIES_DAMAGED` unless its definitions are ours
 */
export function openDefensively(
  path: string,
  options: { readOnly?: boolean; timeout?: number },
  location: string | URL = path,
): DatabaseSync {
  const db = new DatabaseSync(location, { ...options, defensive: true });
  try {
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
    if (!hasOurTables(db)) throw damaged(path, 'its tables are not as they should be');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Runs `work` on the file; converts SQLite's errors into ones that name the remedy. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(path, error);
  }
}

/** Our statements are correct, so a missing table means a damaged file. */
const wrongStatement = 1;
const busy = 5;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

/** @see https://www.sqlite.org/rescode.html */
export function explained(path: string, error: unknown): unknown {
  if (error instanceof TidewaiterError || typeof error !== 'object' || error === null) return error;
  const { code: nodeCode, errcode, message } = error as { code?: string; errcode?: number; message?: string };
  // Node refuses integers beyond those of JavaScript, which we do not write.
  if (nodeCode === 'ERR_OUT_OF_RANGE') return damaged(path, `${message}`, error);
  const code = (errcode ?? 0) & 0xff;
  if ([wrongStatement, corrupt, notADatabase].includes(code)) return damaged(path, `${message}`, error);
  if (code === busy) {
    return new Unavailable('ADVISORIES_BUSY', `${path}: another sync or import is at work`, { cause: error });
  }
  if (code === full || code === cannotOpen) {
    return new Unavailable('ADVISORIES_UNWRITABLE', `${path}: ${message}`, { cause: error, retryable: false });
  }
  return error;
}

export function damaged(path: string, reason: string, cause?: unknown): InvalidInput {
  return new InvalidInput('ADVISORIES_DAMAGED', `${path} cannot be used (${reason}): ${advice}`, { cause });
}

/** Reason why an existing file cannot be read or written. */
export function unusable(path: string, format: 'older' | 'newer' | 'foreign'): InvalidInput {
  if (format === 'older') return damaged(path, 'an older Tidewaiter made it');
  if (format === 'newer') return damaged(path, 'a newer Tidewaiter made it');
  const advice = 'name another place, or remove it';
  return new InvalidInput('ADVISORIES_DAMAGED', `${path} is no file of advisories, or a damaged one: ${advice}`);
}
