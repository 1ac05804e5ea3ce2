import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import type {
  AdvisoryFeed,
  EpssScore,
  KevEntry,
  KevList,
  OsvAdvisory,
  ProductReleases,
  RepositoryCpes,
} from '@tidewaiter/advisories';

import { createTables, explained, formatOf, guarded, openDefensively, unusable } from './format.js';
import { affectedRows, checksumOf, feedText, recordText } from './rows.js';

/** Time to wait for another writer. */
const busyTimeoutMs = 10_000;
const cacheKib = 64 * 1024;

/**
 * Writes advisories into one local file, which is created if missing. Readers are not disturbed:
 * changes go into SQLite's write-ahead log and become visible when {@link update} ends. A crash
 * leaves the state of the last update.
 */
export class AdvisoryFileWriter implements Disposable {
  readonly #statements = new Map<string, StatementSync>();
  readonly #releases = new Map<string, number>();

  private constructor(
    readonly path: string,
    private readonly db: DatabaseSync,
  ) {}

  /**
   * Opens the file for writing; recreates one of an older version.
   * @throws InvalidInput `ADVISORIES_DAMAGED` for a file of another kind, which stays unchanged
   * @throws Unavailable `ADVISORIES_BUSY`, `ADVISORIES_UNWRITABLE`
   */
  static open(path: string): AdvisoryFileWriter {
    const format = formatOf(path);
    if (format === 'newer' || format === 'foreign') throw unusable(path, format);
    return guarded(path, () => {
      if (format !== 'current') begin(path);
      const db = openDefensively(path, { timeout: busyTimeoutMs });
      db.exec(`PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${cacheKib}`);
      return new AdvisoryFileWriter(path, db);
    });
  }

  /** Runs `work`, all of whose writes become visible together, or none if it throws. */
  async update<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.db.exec('BEGIN IMMEDIATE');
      // The file no longer has the content of the artifact that it came from.
      this.db.exec('DELETE FROM artifact');
      const result = await work();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      // The rollback may have removed releases.
      this.#releases.clear();
      throw explained(this.path, error);
    }
  }

  async feed(name: string): Promise<AdvisoryFeed | null> {
    const row = this.#get('SELECT state FROM feed WHERE name = ?', name);
    return row ? (JSON.parse(String(row['state'])) as AdvisoryFeed) : null;
  }

  async noteFeed(feed: AdvisoryFeed): Promise<void> {
    const state = feedText(feed);
    this.#run('INSERT OR REPLACE INTO feed VALUES (?, ?, ?)', feed.name, state, checksumOf(feed.name, state));
  }

  /** Modification times of the known records among these ids, in milliseconds since 1970. */
  async known(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const known = new Map<string, number>();
    for (const id of ids) {
      const row = this.#get('SELECT modified FROM advisory WHERE osv_id = ?', id);
      if (row) known.set(id, timeOf(String(row['modified'])));
    }
    return known;
  }

  /** Writes new and newer records; returns their number. */
  async put(advisories: readonly OsvAdvisory[]): Promise<number> {
    return advisories.filter((advisory) => this.#put(advisory)).length;
  }

  /** Ids of the advisories about an ecosystem. */
  async idsOf(ecosystem: string): Promise<string[]> {
    const rows = this.#prepare(
      `SELECT DISTINCT osv_id FROM affected JOIN release ON release.id = release_id JOIN advisory ON advisory.id = advisory_id
       WHERE ecosystem = ?`,
    ).all(ecosystem);
    return rows.map((row) => String(row['osv_id']));
  }

  /**
   * Deletes the entries of these advisories for an ecosystem. If they come back, they are written
   * with any date.
   */
  async retire(ecosystem: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.#run(
        `DELETE FROM affected WHERE advisory_id = (SELECT id FROM advisory WHERE osv_id = ?)
         AND release_id IN (SELECT id FROM release WHERE ecosystem = ?)`,
        id,
        ecosystem,
      );
      this.#run(`UPDATE advisory SET modified = '' WHERE osv_id = ?`, id);
      this.#run(
        `DELETE FROM advisory WHERE osv_id = ? AND NOT EXISTS (SELECT 1 FROM affected WHERE advisory_id = advisory.id)`,
        id,
      );
    }
  }

  /** Replaces a list; returns the number of added, changed and removed entries. */
  async putKev(list: KevList, entries: readonly KevEntry[]): Promise<number> {
    const put = `INSERT INTO kev VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET added_on = excluded.added_on WHERE added_on <> excluded.added_on`;
    let changed = 0;
    for (const { cve, addedOn } of entries) changed += this.#run(put, cve, list, addedOn);
    const listed = JSON.stringify(entries.map(({ cve }) => cve));
    return (
      changed +
      this.#run('DELETE FROM kev WHERE list = ? AND cve NOT IN (SELECT value FROM json_each(?))', list, listed)
    );
  }

  /** Replaces the scores; returns the number of added, changed and removed ones. */
  async putEpss(scores: readonly EpssScore[]): Promise<number> {
    const put = `INSERT INTO epss VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET score = excluded.score, percentile = excluded.percentile
      WHERE score <> excluded.score OR percentile <> excluded.percentile`;
    let changed = 0;
    for (const { cve, score, percentile } of scores) changed += this.#run(put, cve, score, percentile);
    return changed + this.#prune('epss', 'cve', new Set(scores.map(({ cve }) => cve)));
  }

  /** Replaces the products; returns the number of added, changed and removed ones. */
  async putEndOfLife(products: readonly ProductReleases[]): Promise<number> {
    const put = `INSERT INTO end_of_life VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, checksum = excluded.checksum
      WHERE state <> excluded.state`;
    let changed = 0;
    for (const each of products) {
      const state = JSON.stringify(each);
      changed += this.#run(put, each.product, state, checksumOf(each.product, state));
    }
    return changed + this.#prune('end_of_life', 'product', new Set(products.map(({ product }) => product)));
  }

  /** Replaces the map of repositories; returns the number of added, changed and removed ones. */
  async putRepositories(repositories: readonly RepositoryCpes[]): Promise<number> {
    const put = `INSERT INTO repository_cpe VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET cpes = excluded.cpes, checksum = excluded.checksum
      WHERE cpes <> excluded.cpes`;
    let changed = 0;
    for (const { repository, cpes } of repositories) {
      const text = JSON.stringify(cpes);
      changed += this.#run(put, repository, text, checksumOf(repository, text));
    }
    return changed + this.#prune('repository_cpe', 'repository', new Set(repositories.map((each) => each.repository)));
  }

  close(): void {
    if (!this.db.isOpen) return;
    // A reader prevents truncation of the log, not reading of it: no need to wait for one.
    this.db.exec('PRAGMA busy_timeout = 0; PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)');
    this.db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #put(advisory: OsvAdvisory): boolean {
    const { id, vulnerabilityId, modified, withdrawn, affected } = advisory;
    const known = this.#get('SELECT id, modified FROM advisory WHERE osv_id = ?', id);
    if (known && timeOf(String(known['modified'])) >= timeOf(modified)) return false;
    if (known) this.#run('DELETE FROM affected WHERE advisory_id = ?', Number(known['id']));
    const record = recordText(advisory);
    this.#run(
      `INSERT INTO advisory (osv_id, vulnerability, modified, record, checksum) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (osv_id) DO UPDATE SET vulnerability = excluded.vulnerability, modified = excluded.modified,
         record = excluded.record, checksum = excluded.checksum`,
      ...[id, vulnerabilityId, modified, record, checksumOf(id, record)],
    );
    // A withdrawn record matches nothing, so no lookup should find it.
    if (withdrawn !== null) return true;
    const advisoryId = known?.['id'] ?? this.#get('SELECT last_insert_rowid() AS id')!['id']!;
    for (const { ecosystem, release, name, entries } of affectedRows(affected)) {
      const checksum = checksumOf(ecosystem, release, name, entries);
      const releaseId = this.#releaseId(ecosystem, release);
      this.#run('INSERT INTO affected VALUES (?, ?, ?, ?, ?)', releaseId, name, Number(advisoryId), entries, checksum);
    }
    return true;
  }

  #releaseId(ecosystem: string, release: string): number {
    const key = `${ecosystem}\n${release}`;
    const known = this.#releases.get(key);
    if (known !== undefined) return known;
    this.#run('INSERT INTO release (ecosystem, release) VALUES (?, ?) ON CONFLICT DO NOTHING', ecosystem, release);
    const id = Number(
      this.#get('SELECT id FROM release WHERE ecosystem = ? AND release = ?', ecosystem, release)!['id'],
    );
    this.#releases.set(key, id);
    return id;
  }

  /** Removes rows whose key is not among `kept`. */
  #prune(table: FactTable, key: 'cve' | 'product' | 'repository', kept: ReadonlySet<string>): number {
    const rows = this.#prepare(`SELECT ${key} AS key FROM ${table}`).all();
    const gone = rows.map((row) => String(row['key'])).filter((each) => !kept.has(each));
    for (const each of gone) this.#run(`DELETE FROM ${table} WHERE ${key} = ?`, each);
    return gone.length;
  }

  #get(sql: string, ...values: (string | number)[]) {
    return this.#prepare(sql).get(...values);
  }

  /** Returns the number of changed rows. */
  #run(sql: string, ...values: (string | number)[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

type FactTable = 'epss' | 'end_of_life' | 'repository_cpe';

/** Creates an empty file, which is complete as soon as it exists. */
function begin(path: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  const partial = `${path}.${randomUUID()}`;
  try {
    const db = new DatabaseSync(partial);
    db.exec('PRAGMA journal_mode = WAL');
    createTables(db);
    db.close();
    // Otherwise the log of a deleted or older file would be applied to the new one.
    if (formatOf(path) !== 'current') {
      for (const suffix of ['-wal', '-shm', '']) rmSync(`${path}${suffix}`, { force: true });
    }
    linkSync(partial, path);
  } catch (error) {
    // Another process created the file first, which is equivalent.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Time of a record; before all others if it must be written again. */
function timeOf(modified: string): number {
  return modified === '' ? Number.NEGATIVE_INFINITY : Date.parse(modified);
}
