import { Injectable } from '@nestjs/common';
import type {
  AdvisoryCandidate,
  AdvisoryKey,
  AdvisoryScope,
  OsvAdvisory,
  PackageMatch,
  ScopedPackage,
} from '@tidewaiter/advisories';
import type { Digest, PackageRecord } from '@tidewaiter/domain';

import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

/** A package to be judged, and which advisories may judge it. */
export interface UnmatchedPackage extends PackageRecord {
  id: string;
  key: AdvisoryKey;
}

/** An advisory that hits a package of the fleet. */
export interface FleetMatch extends PackageMatch {
  packageId: string;
}

/** What the store holds, for people and for the age of a verdict. */
export interface AdvisoryStatus {
  advisories: number;
  ecosystems: { ecosystem: string; packages: number }[];
  lastImport: { source: string; records: number; changed: number; rejected: number; importedAt: Date } | null;
}

/** Advisories, and which packages they hit. A match is made once for the whole fleet. */
@Injectable()
export class Advisories {
  constructor(private readonly store: Store) {}

  /** Writes the records that are new or newer; answers how many. */
  async put(advisories: readonly OsvAdvisory[]): Promise<number> {
    const unique = [...new Map(advisories.map((advisory) => [advisory.id, advisory])).values()].toSorted((a, b) =>
      a.id < b.id ? -1 : 1,
    );
    return this.store.transaction(async (tx) => {
      // One writer at a time, so that changes become visible in the order of their numbers.
      await tx.query("SELECT pg_advisory_xact_lock(hashtext('advisory_change'))");
      const changed = new Set(await putRecords(tx, unique));
      await putPackages(
        tx,
        unique.filter(({ id }) => changed.has(id)),
      );
      return changed.size;
    });
  }

  /** Notes that an import has ended, for people. */
  async imported(summary: { source: string; records: number; changed: number; rejected: number }): Promise<void> {
    await this.store.query('INSERT INTO advisory_import (source, records, changed, rejected) VALUES ($1, $2, $3, $4)', [
      summary.source,
      summary.records,
      summary.changed,
      summary.rejected,
    ]);
  }

  async status(): Promise<AdvisoryStatus> {
    const [count] = await this.store.query<{ advisories: number }>('SELECT count(*)::int AS advisories FROM advisory');
    const ecosystems = await this.store.query<{ ecosystem: string; packages: number }>(
      'SELECT ecosystem, count(*)::int AS packages FROM advisory_package GROUP BY ecosystem ORDER BY ecosystem',
    );
    const [lastImport] = await this.store.query<NonNullable<AdvisoryStatus['lastImport']>>(
      `SELECT source, records, changed, rejected, imported_at AS "importedAt" FROM advisory_import ORDER BY id DESC LIMIT 1`,
    );
    return { advisories: count?.advisories ?? 0, ecosystems, lastImport: lastImport ?? null };
  }

  /** Those of some scopes of which any advisory speaks. Without one, "nothing found" would mean nothing. */
  async covered(scopes: readonly AdvisoryScope[]): Promise<AdvisoryScope[]> {
    return this.store.query<AdvisoryScope>(
      `SELECT ecosystem, release FROM unnest($1::text[], $2::text[]) AS scope (ecosystem, release)
       WHERE EXISTS (SELECT FROM advisory_package AS known
         WHERE known.ecosystem = scope.ecosystem AND known.release IS NOT DISTINCT FROM scope.release)`,
      [scopes.map(({ ecosystem }) => ecosystem), scopes.map(({ release }) => release)],
    );
  }

  /** Whose advisories judge the packages of an image. */
  async scoped(imageDigest: Digest): Promise<ScopedPackage[]> {
    return this.store.query<ScopedPackage>(
      `SELECT type, state, CASE WHEN ecosystem IS NOT NULL THEN json_build_object('ecosystem', ecosystem, 'release', release) END AS scope
       FROM image_package JOIN package ON package.id = package_id WHERE image_digest = $1`,
      [imageDigest],
    );
  }

  /** The change of the advisories with which matches made now are current. */
  async currentChange(tx: Transaction): Promise<string> {
    const [row] = await tx.query<{ change: string }>('SELECT coalesce(max(change), 0) AS change FROM advisory');
    return row?.change ?? '0';
  }

  /** The packages of an image whose matches are older than `currentChange`. */
  async unmatched(tx: Transaction, imageDigest: Digest, currentChange: string): Promise<UnmatchedPackage[]> {
    return tx.query<UnmatchedPackage>(
      `SELECT DISTINCT package.id, type, name, version, arch, qualifiers,
         json_build_object('name', source_name, 'version', source_version)::jsonb AS source, licenses,
         jsonb_build_object('ecosystem', ecosystem, 'release', release, 'names', advisory_names) AS key, '' AS "foundIn"
       FROM image_package JOIN package ON package.id = package_id
       WHERE image_digest = $1 AND ecosystem IS NOT NULL AND matched_change < $2 ORDER BY package.id`,
      [imageDigest, currentChange],
    );
  }

  /** Everything that advisories which are not withdrawn say about some package names of a release, or of all releases. */
  async candidates(tx: Transaction, { ecosystem, release, names }: AdvisoryKey): Promise<AdvisoryCandidate[]> {
    const rows = await tx.query<{ candidate: AdvisoryCandidate }>(
      `SELECT affected || jsonb_build_object('advisory', jsonb_build_object('id', id, 'vulnerabilityId', vulnerability_id,
         'aliases', aliases, 'title', title, 'severity', severity)) AS candidate
       FROM advisory_package JOIN advisory ON id = advisory_id
       WHERE ecosystem = $1 AND name = ANY($3) AND (release = $2 OR release IS NULL) AND withdrawn IS NULL`,
      [ecosystem, release, names],
    );
    return rows.map(({ candidate }) => candidate);
  }

  /** Keeps what was found for some packages in place of what was known. */
  async matched(
    tx: Transaction,
    packageIds: readonly string[],
    currentChange: string,
    matches: readonly FleetMatch[],
  ): Promise<void> {
    // In the order of ids, so that two images with the same packages cannot deadlock.
    await tx.query('SELECT id FROM package WHERE id = ANY($1) ORDER BY id FOR UPDATE', [packageIds]);
    await tx.query('DELETE FROM package_match WHERE package_id = ANY($1)', [packageIds]);
    await tx.query(
      `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, severity, evidence)
       SELECT "packageId", "advisoryId", state, fix ->> 'state', fix ->> 'version', severity, evidence
       FROM jsonb_to_recordset($1) AS row ("packageId" bigint, "advisoryId" text, state text, fix jsonb, severity text, evidence jsonb)`,
      [json(matches)],
    );
    await tx.query('UPDATE package SET matched_change = $2 WHERE id = ANY($1)', [packageIds, currentChange]);
  }
}

async function putRecords(tx: Transaction, advisories: readonly OsvAdvisory[]): Promise<string[]> {
  const [next] = await tx.query<{ change: string }>(`SELECT nextval('advisory_change_seq') AS change`);
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, cvss_vector, cvss_score, modified, published, withdrawn, change)
     SELECT id, "vulnerabilityId", aliases, title, severity, cvss ->> 'vector', (cvss ->> 'score')::real, modified, published, withdrawn, $2
     FROM jsonb_to_recordset($1) AS row (id text, "vulnerabilityId" text, aliases text[], title text, severity text, cvss jsonb,
       modified timestamptz, published timestamptz, withdrawn timestamptz)
     ON CONFLICT (id) DO UPDATE SET vulnerability_id = EXCLUDED.vulnerability_id, aliases = EXCLUDED.aliases, title = EXCLUDED.title,
       severity = EXCLUDED.severity, cvss_vector = EXCLUDED.cvss_vector, cvss_score = EXCLUDED.cvss_score,
       modified = EXCLUDED.modified, published = EXCLUDED.published, withdrawn = EXCLUDED.withdrawn, change = EXCLUDED.change
     WHERE advisory.modified < EXCLUDED.modified OR (advisory.published IS NULL AND EXCLUDED.published IS NOT NULL)
     RETURNING id`,
    [json(advisories.map(({ affected: _, ...record }) => record)), next?.change],
  );
  return rows.map(({ id }) => id);
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
}
