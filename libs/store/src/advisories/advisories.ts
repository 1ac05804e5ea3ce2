import { Injectable } from '@nestjs/common';
import type { AdvisoryRecord, AdvisoryScope, OsvAdvisory, PackedAdvisory, ScopedPackage } from '@tidewaiter/advisories';
import type { Digest } from '@tidewaiter/domain';
import { advisoryChanged, draft } from '@tidewaiter/events';

import { columnsOf, type RowOf } from '../core/columns.js';
import { lineEncoder } from '../core/copy.js';
import { excluded, recordsetOf } from '../core/row-sets.js';
import { json, JsonText } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { AdvisoryImportRow, AdvisoryPackageRow, AdvisoryRow } from './advisory-rows.js';

const importColumns = columnsOf(AdvisoryImportRow, { omit: ['id'] });

/**
 * Counts of the stored advisories and the last import, for display and for the age of a verdict.
 */
export interface AdvisoryStatus {
  advisories: number;
  ecosystems: { ecosystem: string; packages: number }[];
  lastImport: RowOf<typeof importColumns> | null;
}

/**
 * Advisory with the rows of its entries as lines of COPY, in bytes: the objects that they were made
 * from would be the larger part of the work of the garbage collector.
 */
export interface EncodedAdvisory {
  record: AdvisoryRecord;
  lines: Buffer;
  entries: number;
  /** Packages that the entries name, once each. */
  named: NamedPackage[];
}

/** Advisories, and which packages they hit. A match is made once for the whole fleet. */
@Injectable()
export class Advisories {
  constructor(private readonly store: Store) {}

  /**
   * Writes records that are new or newer, and emits the packages that they name; returns how many
   * were written.
   */
  async put(advisories: readonly OsvAdvisory[]): Promise<number> {
    const unique = [...new Map(advisories.map((advisory) => [advisory.id, advisory])).values()].toSorted((a, b) =>
      a.id < b.id ? -1 : 1,
    );
    return this.store.transaction(async (tx) => {
      // One writer at a time, so that changes become visible in the order of their numbers.
      await tx.query(`SELECT pg_advisory_xact_lock(${changeLock})`);
      const { change, ids } = await putRecords(tx, unique);
      if (ids.size === 0) return 0;
      const changed = unique.filter(({ id }) => ids.has(id));
      const before = await namesIn(tx, [...ids]);
      await putPackages(tx, changed);
      await emitChange(tx, change, ids.size, [...before, ...changed.flatMap(({ affected }) => affected)]);
      return ids.size;
    });
  }

  /**
   * As {@link put}, for many records of which most are new: these are written by COPY, with the
   * texts of their entries.
   */
  async load(advisories: readonly EncodedAdvisory[]): Promise<number> {
    return this.store.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(${changeLock})`);
      const known = await tx.aggregate<{ id: string }>('SELECT id FROM advisory WHERE id = ANY($1)', [
        advisories.map(({ record }) => record.id),
      ]);
      const present = new Set(known.map(({ id }) => id));
      const [old, fresh] = [true, false].map((is) => advisories.filter(({ record }) => present.has(record.id) === is));
      const { change, ids } = await putRecords(
        tx,
        old!.map(({ record }) => record),
      );
      const before = await this.#deleteEntries(tx, [...ids]);
      const written = [...fresh!, ...old!.filter(({ record }) => ids.has(record.id))];
      if (written.length === 0) return 0;
      const records = fresh!.map(({ record }) => lineOfRecord({ ...recordOf(record), change }));
      await tx.copy(AdvisoryRow, newRecordColumns, records);
      await tx.copy(
        AdvisoryPackageRow,
        packageColumns,
        written.map(({ lines }) => lines),
      );
      const named = written.flatMap((each) => each.named);
      await noteEcosystems(tx, named);
      await emitChange(tx, change, written.length, await this.#named(tx, before, named));
      return written.length;
    });
  }

  /** Deletes the entries of changed records; returns the packages that these named. */
  async #deleteEntries(tx: Transaction, ids: readonly string[]): Promise<NamedPackage[]> {
    if (ids.length === 0) return [];
    const named = await namesIn(tx, ids);
    await tx.query('DELETE FROM advisory_package WHERE advisory_id = ANY($1)', [ids]);
    return named;
  }

  /**
   * Names for the event of a load. Without any matched package none is needed: a package that is
   * matched from now on waits for this transaction, and is matched with all of its records.
   */
  async #named(
    tx: Transaction,
    before: readonly NamedPackage[],
    now: readonly NamedPackage[],
  ): Promise<NamedPackage[]> {
    const matched = await tx.query('SELECT FROM package WHERE matched_by IS NOT NULL LIMIT 1');
    return matched.length === 0 ? [] : [...before, ...now];
  }

  /**
   * Removes the entries of advisories in an ecosystem that no longer lists them; advisories without
   * entries are withdrawn. If they come back, they are written whatever their date.
   */
  async retire(ecosystem: string, ids: readonly string[]): Promise<void> {
    await this.store.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(${changeLock})`);
      const named = await namesIn(tx, ids);
      await tx.query('DELETE FROM advisory_package WHERE ecosystem = $1 AND advisory_id = ANY($2)', [ecosystem, ids]);
      const [next] = await tx.aggregate<{ change: string }>(`SELECT nextval('advisory_change_seq') AS change`);
      await tx.query(
        `UPDATE advisory SET modified = '-infinity', change = $2,
           withdrawn = CASE WHEN EXISTS (SELECT FROM advisory_package WHERE advisory_id = id) THEN withdrawn ELSE now() END
         WHERE id = ANY($1)`,
        [ids, next!.change],
      );
      const retired = named.filter((each) => each.ecosystem === ecosystem);
      await emitChange(tx, next!.change, ids.length, retired);
    });
  }

  async hasAny(): Promise<boolean> {
    const rows = await this.store.query('SELECT FROM advisory LIMIT 1');
    return rows.length > 0;
  }

  async status(): Promise<AdvisoryStatus> {
    const [count] = await this.store.aggregate<{ advisories: number }>(
      'SELECT count(*)::int AS advisories FROM advisory',
    );
    const ecosystems = await this.store.aggregate<{ ecosystem: string; packages: number }>(
      'SELECT ecosystem, count(*)::int AS packages FROM advisory_package GROUP BY ecosystem ORDER BY ecosystem',
    );
    const [lastImport] = await this.store.rows(importColumns, 'FROM advisory_import ORDER BY id DESC LIMIT 1');
    return { advisories: count?.advisories ?? 0, ecosystems, lastImport: lastImport ?? null };
  }

  /** Scopes that have any advisory. Without one, an empty result would prove nothing. */
  async covered(scopes: readonly AdvisoryScope[]): Promise<AdvisoryScope[]> {
    if (scopes.length === 0) return [];
    return this.store.aggregate<AdvisoryScope>(
      `SELECT ecosystem, release FROM unnest($1::text[], $2::text[]) AS scope (ecosystem, release) WHERE ${isCovered}`,
      [scopes.map(({ ecosystem }) => ecosystem), scopes.map(({ release }) => release)],
    );
  }

  /**
   * Packages of an image with the ecosystem and release whose advisories evaluate them, and whether
   * they were compared with these yet.
   */
  async scoped(imageDigest: Digest): Promise<(ScopedPackage & { isUnmatched: boolean })[]> {
    return this.store.aggregate<ScopedPackage & { isUnmatched: boolean }>(
      `SELECT type, state, purl, ecosystem IS NOT NULL AND matched_by IS NULL AS "isUnmatched", CASE WHEN ecosystem IS NOT NULL THEN json_build_object('ecosystem', ecosystem, 'release', release, 'otherReleases', other_releases) END AS scope
       FROM image_package JOIN package ON package.id = package_id WHERE image_digest = $1`,
      [imageDigest],
    );
  }
}

/** SQL condition on a row `scope`: it has any advisory. */
export const isCovered = `(EXISTS (SELECT FROM advisory_package AS known WHERE known.ecosystem = scope.ecosystem AND known.release = scope.release)
  OR scope.release IS NULL
    AND EXISTS (SELECT FROM advisory_package AS known WHERE known.ecosystem = scope.ecosystem AND known.release IS NULL))`;

/**
 * Lock that a writer of advisories holds exclusively and the matching of packages shares: a match
 * sees a change whole or not at all, and in the latter case the handling of the change finds the
 * package.
 */
export const changeLock = "hashtext('advisory_change')";

interface NamedPackage {
  ecosystem: string;
  name: string;
}

/** Packages that the stored records name; a changed record may have named others before. */
async function namesIn(tx: Transaction, advisoryIds: readonly string[]): Promise<NamedPackage[]> {
  return tx.aggregate<NamedPackage>(
    'SELECT DISTINCT ecosystem, name FROM advisory_package WHERE advisory_id = ANY($1)',
    [advisoryIds],
  );
}

/** Limit on the packages in one event, of some 50 bytes each. */
const maxPackages = 2_000;

async function emitChange(
  tx: Transaction,
  change: string,
  advisories: number,
  named: readonly NamedPackage[],
): Promise<void> {
  const unique = new Map(named.map(({ ecosystem, name }) => [`${ecosystem}\n${name}`, { ecosystem, name }]));
  const packages = [...unique.values()];
  for (let start = 0; start === 0 || start < packages.length; start += maxPackages) {
    const some = packages.slice(start, start + maxPackages);
    await tx.emit(draft(advisoryChanged, change, { change, advisories, packages: some }));
  }
}

const recordColumns = [
  'id',
  'vulnerabilityId',
  'aliases',
  'title',
  'severity',
  'cvssVector',
  'cvssScore',
  'modified',
  'published',
  'withdrawn',
] as const;
const newAdvisories = recordsetOf(AdvisoryRow, recordColumns);
const newRecordColumns = [...recordColumns, 'change'] as const;
const packageColumns = ['advisoryId', 'position', 'ecosystem', 'release', 'name', 'affected'] as const;

/** The columns that a record fills; `affected` and `dropped` of a whole one are no columns. */
function recordOf({ cvss, ...record }: AdvisoryRecord) {
  return { ...record, cvssVector: cvss?.vector ?? null, cvssScore: cvss?.score ?? null };
}

async function putRecords(
  tx: Transaction,
  advisories: readonly AdvisoryRecord[],
): Promise<{ change: string; ids: Set<string> }> {
  const [next] = await tx.aggregate<{ change: string }>(`SELECT nextval('advisory_change_seq') AS change`);
  if (advisories.length === 0) return { change: next!.change, ids: new Set() };
  const rows = await tx.aggregate<{ id: string }>(
    `INSERT INTO advisory (${newAdvisories.columns}, change) SELECT ${newAdvisories.values}, $2 FROM ${newAdvisories.table}
     ON CONFLICT (id) DO UPDATE SET
       ${excluded(AdvisoryRow, ['vulnerabilityId', 'aliases', 'title', 'severity', 'cvssVector', 'cvssScore', 'modified', 'published', 'withdrawn', 'change'])}
     WHERE advisory.modified < EXCLUDED.modified OR (advisory.published IS NULL AND EXCLUDED.published IS NOT NULL)
     RETURNING id`,
    [...newAdvisories.parameters(advisories.map(recordOf)), next?.change],
  );
  return { change: next!.change, ids: new Set(rows.map(({ id }) => id)) };
}

async function putPackages(tx: Transaction, advisories: readonly OsvAdvisory[]): Promise<void> {
  await tx.query('DELETE FROM advisory_package WHERE advisory_id = ANY($1)', [advisories.map(({ id }) => id)]);
  // One document for all of them: arrays of documents would be escaped one by one.
  await tx.query(
    `INSERT INTO advisory_package (advisory_id, position, ecosystem, release, name, affected)
     SELECT id, position - 1, each ->> 'ecosystem', each ->> 'release', each ->> 'name', each
     FROM jsonb_to_recordset($1) AS row (id text, affected jsonb), jsonb_array_elements(affected) WITH ORDINALITY AS item (each, position)`,
    [json(advisories.map(({ id, affected }) => ({ id, affected })))],
  );
  await noteEcosystems(
    tx,
    advisories.flatMap(({ affected }) => affected),
  );
}

const lineOfRecord = lineEncoder(AdvisoryRow, newRecordColumns);
const lineOfEntry = lineEncoder(AdvisoryPackageRow, packageColumns);

/** Encodes the entries of an advisory, before the transaction: verdicts wait for that. */
export function encoded({ record, entries }: PackedAdvisory): EncodedAdvisory {
  const named = new Map<string, NamedPackage>();
  let lines = '';
  for (const [position, { ecosystem, release, name, text }] of entries.entries()) {
    const affected = new JsonText(text);
    lines += lineOfEntry({ advisoryId: record.id, position, ecosystem, release, name, affected });
    named.set(`${ecosystem}\n${name}`, { ecosystem, name });
  }
  return { record, lines: Buffer.from(lines), entries: entries.length, named: [...named.values()] };
}

async function noteEcosystems(tx: Transaction, named: readonly NamedPackage[]): Promise<void> {
  const ecosystems = new Set(named.map(({ ecosystem }) => ecosystem));
  await tx.query('INSERT INTO advisory_ecosystem (ecosystem) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [
    [...ecosystems],
  ]);
}
