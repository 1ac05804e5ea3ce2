import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import {
  type AdvisoryCandidate,
  type AdvisoryFeed,
  type AdvisoryHoldings,
  type AdvisoryKey,
  type AdvisoryRecord,
  type AdvisoryScope,
  releasesOf,
  type EcosystemHoldings,
  type EpssScore,
  type Exploitation,
  type KevEntry,
  type KevList,
  type PackedAdvisory,
  type ProductReleases,
  type RepositoryCpes,
  worstExploitation,
} from '@tidewaiter/advisories';
import { NotFound } from '@tidewaiter/domain';

import { damaged, formatOf, guarded, openDefensively, unusable } from './format.js';
import { candidatesOf, checksumOf, entryTexts } from './rows.js';

const busyTimeoutMs = 5_000;
/** More would outlive the short collections of garbage. */
const advisoriesAtOnce = 1_000;

/** Row of the tables, by column. */
type Row = Record<string, string | number | null>;

/** Release, name, entries, checksum and number of entries of an advisory about a package. */
type EntriesRow = [releaseId: number, name: string, entries: string, checksum: number, count: number];

/**
 * Advisories in one local file, for any number of readers, also during a write. Each sees the file
 * as of its opening. Every row that is read is verified, so that damage is reported instead of
 * taken for "nothing found".
 */
export class AdvisoryFile implements Disposable {
  readonly #statements = new Map<string, StatementSync>();
  /** Ids of releases, by ecosystem and release. */
  readonly #releases: ReadonlyMap<string, number>;
  readonly #byRelease: ReadonlyMap<number, { ecosystem: string; release: string }>;

  private constructor(
    readonly path: string,
    private readonly db: DatabaseSync,
  ) {
    // From here on all reads see one snapshot.
    db.exec('BEGIN');
    const releases = this.#all('SELECT id, ecosystem, release FROM release');
    this.#releases = new Map(releases.map(({ id, ecosystem, release }) => [`${ecosystem}\n${release}`, Number(id)]));
    this.#byRelease = new Map(
      releases.map(({ id, ecosystem, release }) => [Number(id), { ecosystem: `${ecosystem}`, release: `${release}` }]),
    );
  }

  /**
   * @throws NotFound `ADVISORIES_MISSING`
   * @throws InvalidInput `ADVISORIES_DAMAGED` for a broken file, or one of another version
   */
  static open(path: string): AdvisoryFile {
    const format = formatOf(path);
    if (format === 'absent')
      throw new NotFound(
        'ADVISORIES_MISSING',
        `${path}: there is no such file; \`tidewaiter advisories sync\` makes it`,
      );
    if (format !== 'current') throw unusable(path, format === 'empty' ? 'foreign' : format);
    return guarded(path, () => {
      return new AdvisoryFile(path, openDefensively(path, options, locationOf(path)));
    });
  }

  /** Entries of all advisories for the packages of these names, in these releases or in none. */
  candidates(key: AdvisoryKey): AdvisoryCandidate[] {
    const { ecosystem, names } = key;
    const releases = new Set([...releasesOf(key).map((release) => release ?? ''), '']);
    return [...releases].flatMap((each) => {
      const id = this.#releases.get(`${ecosystem}\n${each}`);
      if (id === undefined) return [];
      return names.flatMap((name) => this.#candidatesOf(id, { ecosystem, release: each, name }));
    });
  }

  /** Advisory by its OSV id; null if unknown. */
  record(id: string): AdvisoryRecord | null {
    const [row] = this.#all('SELECT osv_id, record, checksum FROM advisory WHERE osv_id = ?', id);
    return row ? this.#read(row) : null;
  }

  /**
   * All advisories about a vulnerability: the one of this id, and those with it as vulnerability
   * id.
   */
  recordsOf(vulnerability: string): AdvisoryRecord[] {
    const rows = this.#all(
      `SELECT osv_id, record, checksum FROM advisory WHERE osv_id = ?
       UNION ALL SELECT osv_id, record, checksum FROM advisory WHERE vulnerability = ? AND vulnerability <> osv_id`,
      vulnerability,
      vulnerability,
    );
    return rows.map((row) => this.#read(row));
  }

  /**
   * Returns the scopes that have at least one advisory. Without one, the absence of findings proves
   * nothing.
   */
  covered(scopes: readonly AdvisoryScope[]): AdvisoryScope[] {
    return scopes.filter(({ ecosystem, release }) => {
      const id = this.#releases.get(`${ecosystem}\n${release ?? ''}`) ?? -1;
      return this.#all('SELECT 1 FROM affected WHERE release_id = ? LIMIT 1', id).length > 0;
    });
  }

  /** Known exploitation of one vulnerability, over all of its CVEs. */
  exploitation(cves: readonly string[]): Exploitation {
    const sql =
      'SELECT (SELECT group_concat(list) FROM kev WHERE cve = ?1) AS lists, (SELECT score FROM epss WHERE cve = ?1) AS epss';
    const known = cves
      .flatMap((cve) => this.#all(sql, cve))
      .map(({ lists, epss }) => ({
        kev: lists !== null,
        ...(lists !== null && { kevLists: String(lists).split(',') }),
        epss: epss as number | null,
      }));
    return worstExploitation(known);
  }

  /** Ids and modification times of all advisories. */
  *stamps(): Generator<{ id: string; modified: string }> {
    for (const { osv_id: id, modified } of this.#each('SELECT osv_id, modified FROM advisory')) {
      yield { id: `${id}`, modified: `${modified}` };
    }
  }

  /** Advisories of these ids, whose entries are copied instead of read, one by one. */
  *packed(ids: readonly string[]): Generator<PackedAdvisory> {
    for (let start = 0; start < ids.length; start += advisoriesAtOnce) {
      const rows = this.#all(
        `SELECT id, osv_id, record, checksum FROM advisory WHERE ${isOneOf}`,
        JSON.stringify(ids.slice(start, start + advisoriesAtOnce)),
      );
      for (const row of rows) yield { record: this.#read(row), entries: this.#packedEntries(Number(row['id'])) };
    }
  }

  /** Filters ids: those of advisories about an ecosystem. */
  listing(ecosystem: string, ids: readonly string[]): Set<string> {
    const sql = `SELECT osv_id FROM advisory WHERE ${isOneOf} AND EXISTS (
      SELECT 1 FROM affected JOIN release ON release.id = release_id WHERE advisory_id = advisory.id AND ecosystem = ?2)`;
    return new Set(this.#all(sql, JSON.stringify(ids), ecosystem).map((row) => `${row['osv_id']}`));
  }

  /** Whether any advisory is about an ecosystem. */
  lists(ecosystem: string): boolean {
    const sql = 'SELECT 1 FROM release WHERE ecosystem = ? AND EXISTS (SELECT 1 FROM affected WHERE release_id = id)';
    return this.#all(sql, ecosystem).length > 0;
  }

  kev(list: KevList): KevEntry[] {
    return this.#all('SELECT cve, added_on FROM kev WHERE list = ?', list).map((row) => ({
      cve: `${row['cve']}`,
      addedOn: `${row['added_on']}`,
    }));
  }

  epss(): EpssScore[] {
    const rows = this.#all('SELECT cve, score, percentile FROM epss');
    return rows.map(({ cve, score, percentile }) => ({
      cve: `${cve}`,
      score: Number(score),
      percentile: Number(percentile),
    }));
  }

  /** Releases of products of endoflife.date, of all if no names are given. */
  endOfLife(products?: readonly string[]): ProductReleases[] {
    const rows = products
      ? this.#all(
          'SELECT product, state, checksum FROM end_of_life WHERE product IN (SELECT value FROM json_each(?))',
          JSON.stringify(products),
        )
      : this.#all('SELECT product, state, checksum FROM end_of_life');
    return rows.map(({ product, state, checksum }) => {
      if (checksum !== checksumOf(`${product}`, `${state}`))
        throw damaged(this.path, `a wrong checksum of product ${product}`);
      return JSON.parse(`${state}`) as ProductReleases;
    });
  }

  /** CPEs of a repository of Red Hat; undefined if its map lacks it. */
  cpesOf(repository: string): string[] | undefined {
    const [row] = this.#all(`${repositoryRows} WHERE repository = ?`, repository);
    return row && this.#readRepository(row).cpes;
  }

  repositories(): RepositoryCpes[] {
    return this.#all(repositoryRows).map((row) => this.#readRepository(row));
  }

  feeds(): AdvisoryFeed[] {
    return this.#all('SELECT name, state, checksum FROM feed ORDER BY name').map(({ name, state, checksum }) => {
      if (checksum !== checksumOf(`${name}`, `${state}`)) throw damaged(this.path, `a wrong checksum of feed ${name}`);
      return JSON.parse(`${state}`) as AdvisoryFeed;
    });
  }

  holdings(): AdvisoryHoldings {
    const count = (table: string) => Number(this.#all(`SELECT count(*) AS count FROM ${table}`)[0]?.['count']);
    const ecosystems = this.#all(
      `SELECT ecosystem, count(DISTINCT advisory_id) AS records, count(*) AS packages
       FROM affected JOIN release ON release.id = release_id GROUP BY ecosystem ORDER BY ecosystem`,
    );
    return {
      advisories: count('advisory'),
      ecosystems: ecosystems.map((row) => ({ ...row }) as unknown as EcosystemHoldings),
      feeds: this.feeds(),
      kev: Number(this.#all('SELECT count(DISTINCT cve) AS count FROM kev')[0]?.['count']),
      epss: count('epss'),
      endOfLife: count('end_of_life'),
      repositories: count('repository_cpe'),
    };
  }

  /**
   * Reads the file from end to end.
   * @throws InvalidInput `ADVISORIES_DAMAGED`
   */
  verify(): void {
    const [found] = this.#all('PRAGMA integrity_check(1)');
    if (found?.['integrity_check'] !== 'ok') throw damaged(this.path, String(found?.['integrity_check']));
    for (const row of this.#each('SELECT osv_id, record, checksum FROM advisory')) this.#read(row);
    const sql = `SELECT name, entries, checksum, ecosystem, release FROM affected JOIN release ON release.id = release_id`;
    for (const row of this.#each(sql)) this.#check(row);
    this.feeds();
    this.endOfLife();
    this.repositories();
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #candidatesOf(releaseId: number, key: { ecosystem: string; release: string; name: string }): AdvisoryCandidate[] {
    const rows = this.#all(
      `SELECT entries, affected.checksum AS entries_checksum, osv_id, record, advisory.checksum
       FROM affected JOIN advisory ON advisory.id = advisory_id WHERE release_id = ? AND name = ?`,
      releaseId,
      key.name,
    );
    return rows.flatMap((row) => {
      this.#check({ ...key, entries: row['entries']!, checksum: row['entries_checksum']! });
      return candidatesOf({ ...key, entries: `${row['entries']}` }, this.#read(row));
    });
  }

  /** Called for every advisory: reads rows without a join, and as arrays. */
  #packedEntries(advisory: number): PackedAdvisory['entries'] {
    const statement = this.#prepare(
      'SELECT release_id, name, entries, checksum, json_array_length(entries) FROM affected WHERE advisory_id = ?',
    );
    statement.setReturnArrays(true);
    const rows = guarded(this.path, () => statement.all(advisory)) as unknown as EntriesRow[];
    return rows.flatMap(([releaseId, name, entries, checksum, count]) => {
      const of = this.#byRelease.get(releaseId);
      if (!of) throw damaged(this.path, `package ${name} of an unknown release`);
      this.#check({ ...of, name, entries, checksum });
      const release = of.release === '' ? null : of.release;
      return entryTexts(entries, count).map((text) => ({ ecosystem: of.ecosystem, release, name, text }));
    });
  }

  #check({ ecosystem, release, name, entries, checksum }: Row): void {
    if (checksum === checksumOf(`${ecosystem}`, `${release}`, `${name}`, `${entries}`)) return;
    throw damaged(this.path, `a wrong checksum of package ${name}`);
  }

  #read({ osv_id: id, record, checksum }: Row): AdvisoryRecord {
    if (checksum !== checksumOf(`${id}`, `${record}`)) throw damaged(this.path, `a wrong checksum of advisory ${id}`);
    return JSON.parse(`${record}`) as AdvisoryRecord;
  }

  #readRepository({ repository, cpes, checksum }: Row): RepositoryCpes {
    if (checksum !== checksumOf(`${repository}`, `${cpes}`))
      throw damaged(this.path, `a wrong checksum of repository ${repository}`);
    return { repository: `${repository}`, cpes: JSON.parse(`${cpes}`) as string[] };
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return guarded(this.path, () => this.#prepare(sql).all(...values) as Row[]);
  }

  /** {@link #all} for more rows than fit into memory. */
  *#each(sql: string, ...values: (string | number)[]): Generator<Row> {
    const rows = guarded(this.path, () => this.#prepare(sql).iterate(...values));
    for (;;) {
      const { value, done } = guarded(this.path, () => rows.next());
      if (done === true) return;
      yield value as Row;
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

const repositoryRows = 'SELECT repository, cpes, checksum FROM repository_cpe';

/** Condition on the id of an advisory, whose parameter is a JSON array. */
const isOneOf = 'osv_id IN (SELECT value FROM json_each(?1))';

const options = { readOnly: true, timeout: busyTimeoutMs };

/**
 * Opens a file in a read-only folder as immutable: readers cannot lock against writers there, and
 * there are none.
 */
function locationOf(path: string): string | URL {
  const isShared = existsSync(`${path}-wal`);
  if (isShared || isWritable(dirname(resolve(path)))) return path;
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return url;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
