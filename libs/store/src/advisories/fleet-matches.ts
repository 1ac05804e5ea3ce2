import { Injectable } from '@nestjs/common';
import {
  type AdvisoryCandidate,
  type AdvisoryKey,
  type AdvisoryScope,
  type CpeLookup,
  matchingVersion,
  type PackageMatch,
  releasesOf,
  usualEntry,
  vulnerabilitiesOf,
} from '@tidewaiter/advisories';
import {
  type AdvisorySummary,
  type Digest,
  type FindingKind,
  isAtLeast,
  type PackageRecord,
  severities,
  type Severity,
} from '@tidewaiter/domain';

import { columnsOf } from '../core/columns.js';
import { excluded, recordsetOf } from '../core/row-sets.js';
import type { Queries, Transaction } from '../core/store.js';
import { PackageRow } from '../images/package-rows.js';
import { countWorkloads } from '../workloads/workload-ledger.js';
import { changeLock } from './advisories.js';
import { AdvisoryPackageRow, AdvisoryRow, PackageMatchRow, RepositoryCpeRow } from './advisory-rows.js';

/** A package to match, with the key of the advisories that may list it. */
export interface UnmatchedPackage extends PackageRecord {
  id: string;
  key: AdvisoryKey;
}

/** A match of an advisory and a package of the fleet. */
export interface FleetMatch extends PackageMatch {
  packageId: string;
}

/** An advisory that a change wrote. */
export type ChangedAdvisory = Pick<AdvisorySummary, 'id' | 'vulnerabilityId' | 'aliases'>;

/** A vulnerability that a package has. */
export interface PackageVulnerability {
  packageId: string;
  vulnerabilityId: string;
  nature: Nature;
}

/**
 * Nature of a vulnerability by the consensus of its advisories: open, mitigated by other means than
 * a version, informational (the package is unmaintained), or malware.
 */
type Nature = 'open' | 'mitigated' | 'informational' | 'malware';

const kinds: Record<Nature, FindingKind> = {
  open: 'vulnerability',
  mitigated: 'vulnerability',
  informational: 'supply-chain',
  malware: 'malware',
};

/**
 * Columns of `package` as {@link UnmatchedPackage}; `foundIn` is empty, as it depends on the image.
 */
const packageColumns = columnsOf(PackageRow, {
  of: 'package',
  only: ['id', 'type', 'name', 'version', 'licenses'],
}).computed<Pick<UnmatchedPackage, 'arch' | 'qualifiers' | 'source' | 'key' | 'foundIn'>>({
  arch: 'arch',
  qualifiers: 'qualifiers',
  source: "jsonb_build_object('name', source_name, 'version', source_version)",
  key: "jsonb_build_object('ecosystem', ecosystem, 'release', release, 'otherReleases', other_releases, 'names', advisory_names)",
  foundIn: "''",
});
const repositoryColumns = columnsOf(RepositoryCpeRow);
const changedColumns = columnsOf(AdvisoryRow, { only: ['id', 'vulnerabilityId', 'aliases'] });
const scopeColumns = columnsOf(AdvisoryPackageRow, { only: ['ecosystem', 'release'] });
const matchKey = columnsOf(PackageMatchRow, { only: ['packageId', 'advisoryId'] });
const describedColumns = columnsOf(AdvisoryRow, { of: 'reached', only: ['vulnerabilityId'] }).computed<
  Omit<FleetChange, 'vulnerabilityId' | 'isNews' | 'kind' | 'workloads'> & {
    nature: Nature;
    ecosystem: string;
    digests: Digest[];
  }
>({
  advisoryId: 'speaker.id',
  title: 'speaker.title',
  packages: 'packages',
  images: 'images',
  digests: 'digests',
  purls: 'purls',
  severity: 'coalesce(reached.severity, worst.severity, speaker.severity, unrated)',
  nature: 'nature',
  ecosystem: 'reached.ecosystem',
});
const vulnerableColumns = columnsOf(PackageMatchRow, { only: ['packageId'] }).computed<
  Omit<PackageVulnerability, 'packageId'>
>({
  vulnerabilityId: 'vulnerability_id',
  nature: `CASE WHEN bool_and(evidence ? 'mitigation') THEN 'mitigated' WHEN bool_or(advisory_id LIKE 'MAL-%') THEN 'malware'
    WHEN bool_and(evidence ? 'informational') AND vulnerability_id NOT LIKE 'CVE-%' THEN 'informational' ELSE 'open' END`,
});
const matchOutcome = ['state', 'fixState', 'fixVersion', 'severity', 'vulnerabilityIds', 'evidence'] as const;
/** Packages of the image `$1` that this version of matching, `$2`, has not seen. */
const unmatchedPackages = `image_package JOIN package ON package.id = package_id
  WHERE image_digest = $1 AND ecosystem IS NOT NULL AND matched_by IS DISTINCT FROM $2`;
const newMatches = recordsetOf(PackageMatchRow, ['packageId', 'advisoryId', ...matchOutcome]);
const keptMatches = recordsetOf(PackageMatchRow, ['packageId', 'advisoryId'], 3);

/** Scope of a rematch: the matches of these advisories with these packages. */
export interface RematchScope {
  packages: readonly UnmatchedPackage[];
  advisoryIds: readonly string[];
  /** Vulnerabilities that the advisories are about. */
  vulnerabilityIds: readonly string[];
}

/** A vulnerability that came to images, or left them, without a push. */
export interface FleetChange {
  kind: FindingKind;
  vulnerabilityId: string;
  /** Advisory that reports it. */
  advisoryId: string;
  severity: Severity;
  title: string;
  /** Sample of the packages. */
  purls: string[];
  packages: number;
  images: number;
  /**
   * Workloads that run one of the images, or did in the last day; null while no sensor reports
   * containers.
   */
  workloads: number | null;
  /** Whether to notify: false for most of the findings from the first load of an ecosystem. */
  isNews: boolean;
}

const maxPurls = 200;
/**
 * Limit on the findings that an ecosystem announces on its first day, since they are about the past
 * and may be thousands.
 */
const maxFirstNews = 50;

/**
 * Matches of advisories and packages. A match is made once for the whole fleet; images follow by
 * join.
 */
@Injectable()
export class FleetMatches {
  /**
   * Locks advisories against changes until the transaction ends, so that a change comes after the
   * matches made in it.
   */
  async hold(tx: Transaction): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock_shared(${changeLock})`);
  }

  /**
   * Packages of an image that were never matched, or only by an older matching version; changes of
   * advisories find the others.
   */
  async unmatched(tx: Transaction, imageDigest: Digest): Promise<UnmatchedPackage[]> {
    return tx.rows(packageColumns, (list) => `SELECT DISTINCT ${list} FROM ${unmatchedPackages} ORDER BY package.id`, [
      imageDigest,
      matchingVersion,
    ]);
  }

  /** Whether an image has {@link unmatched} packages. */
  async hasUnmatched(store: Queries, imageDigest: Digest): Promise<boolean> {
    const rows = await store.query(`SELECT FROM ${unmatchedPackages} LIMIT 1`, [imageDigest, matchingVersion]);
    return rows.length > 0;
  }

  /** Whether the fleet has a package that an advisory with one of these names may list. */
  async holds(tx: Transaction, names: readonly ListedName[]): Promise<boolean> {
    const rows = await tx.query(`SELECT FROM ${packagesListedAs} LIMIT 1`, arraysOf(names));
    return rows.length > 0;
  }

  /** Advisories of a change that no later change has overwritten. */
  async changed(tx: Transaction, change: string): Promise<ChangedAdvisory[]> {
    return tx.rows(changedColumns, 'FROM advisory WHERE change = $1 ORDER BY id', [change]);
  }

  /** Ecosystems and releases that the advisories of a change list. */
  async scopes(tx: Transaction, change: string): Promise<AdvisoryScope[]> {
    return tx.rows(
      scopeColumns,
      (list) => `SELECT DISTINCT ${list} FROM advisory JOIN advisory_package ON advisory_id = id WHERE change = $1`,
      [change],
    );
  }

  /** Vulnerabilities that some advisories are about, or were about when they were matched. */
  async concerned(tx: Transaction, advisories: readonly ChangedAdvisory[]): Promise<string[]> {
    const before = await tx.aggregate<{ id: string }>(
      'SELECT DISTINCT unnest(vulnerability_ids) AS id FROM package_match WHERE advisory_id = ANY($1)',
      [advisories.map(({ id }) => id)],
    );
    return [...new Set([...advisories.flatMap(vulnerabilitiesOf), ...before.map(({ id }) => id)])];
  }

  /**
   * Entries of advisories, unless withdrawn, that list some packages; optionally only about some
   * vulnerabilities.
   */
  async candidatesFor(
    tx: Transaction,
    packages: readonly UnmatchedPackage[],
    vulnerabilityIds?: readonly string[],
  ): Promise<AdvisoryCandidate[]> {
    const listed = packages.flatMap(({ key: { names, ecosystem, ...key } }) =>
      releasesOf(key).flatMap((release) => names.map((name) => ({ ecosystem, release, name }))),
    );
    const rows = await tx.aggregate<{ candidate: AdvisoryCandidate }>(
      // Each entry once: one without a release applies to every release.
      `SELECT DISTINCT ON (advisory_id, position) ${candidateColumn}
       FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[]) AS row (ecosystem, name, release)) AS listed
       JOIN advisory_package AS entry USING (ecosystem, name) JOIN advisory ON advisory.id = advisory_id
       WHERE (entry.release = listed.release OR entry.release IS NULL) AND withdrawn IS NULL
         AND ($4::text[] IS NULL OR (aliases || vulnerability_id) && $4)`,
      [...arraysOf(listed), listed.map(({ release }) => release), vulnerabilityIds ?? null],
    );
    return rows.map(({ candidate }) => candidate);
  }

  /** CPEs of the repositories of some packages, as far as the map of Red Hat is known. */
  async cpesFor(tx: Transaction, packages: readonly UnmatchedPackage[]): Promise<CpeLookup> {
    const ids = new Set(packages.flatMap(({ qualifiers }) => qualifiers?.['repository_id']?.split(',') ?? []));
    if (ids.size === 0) return () => undefined;
    const rows = await tx.rows(repositoryColumns, 'FROM repository_cpe WHERE repository = ANY($1)', [[...ids]]);
    const cpes = new Map(rows.map((row) => [row.repository, row.cpes]));
    return (repository) => cpes.get(repository);
  }

  /**
   * Packages of the fleet that some advisories may list or have matched; those never matched are
   * left to their image.
   */
  async named(tx: Transaction, advisories: readonly ChangedAdvisory[]): Promise<UnmatchedPackage[]> {
    return tx.rows(
      packageColumns,
      // Includes withdrawn advisories: one may have cleared a package that another one lists as
      // affected.
      `FROM package WHERE matched_by IS NOT NULL AND id IN (
         SELECT each.id FROM advisory_package AS entry
         JOIN package AS each ON each.ecosystem = entry.ecosystem AND each.advisory_names @> ARRAY[entry.name]
         WHERE entry.advisory_id = ANY($1)
           AND (entry.release = each.release OR entry.release = ANY(each.other_releases) OR entry.release IS NULL)
         UNION SELECT package_id FROM package_match WHERE advisory_id = ANY($1))
       ORDER BY package.id`,
      [advisories.map(({ id }) => id)],
    );
  }

  /** Packages that an older matching version has matched, up to a limit. */
  async outdated(tx: Transaction, limit: number): Promise<UnmatchedPackage[]> {
    return tx.rows(packageColumns, `FROM package WHERE matched_by <> $1 ORDER BY package.id LIMIT $2`, [
      matchingVersion,
      limit,
    ]);
  }

  /** Whether any package was matched by an older matching version. */
  async hasOutdated(tx: Transaction): Promise<boolean> {
    return (await this.outdated(tx, 1)).length > 0;
  }

  /**
   * Replaces all matches of some packages; returns the ids of those whose vulnerabilities changed.
   */
  async rematched(
    tx: Transaction,
    packages: readonly UnmatchedPackage[],
    matches: readonly FleetMatch[],
  ): Promise<string[]> {
    const ids = packages.map(({ id }) => id);
    await holdPackages(tx, ids);
    const before = await vulnerable(tx, ids);
    await keepMatches(tx, ids, matches);
    await tx.query('UPDATE package SET matched_by = $2 WHERE id = ANY($1)', [ids, matchingVersion]);
    const after = await vulnerable(tx, ids);
    return [...new Set([...changes(after, before), ...changes(before, after)].map(({ packageId }) => packageId))];
  }

  /**
   * Replaces the matches of these advisories with these packages. Returns the vulnerabilities that
   * opened or were resolved: a package that already has one by another advisory has no change.
   */
  async replace(
    tx: Transaction,
    { packages, advisoryIds, vulnerabilityIds }: RematchScope,
    matches: readonly FleetMatch[],
  ): Promise<{ opened: PackageVulnerability[]; resolved: PackageVulnerability[] }> {
    const ids = packages.map(({ id }) => id);
    await holdPackages(tx, ids);
    const before = await vulnerable(tx, ids, vulnerabilityIds);
    await keepMatches(tx, ids, matches, advisoryIds);
    const after = await vulnerable(tx, ids, vulnerabilityIds);
    return { opened: changes(after, before), resolved: changes(before, after) };
  }

  /** Packages in which some vulnerabilities are open, and the advisories that match them. */
  async vulnerableTo(
    tx: Transaction,
    vulnerabilityIds: readonly string[],
  ): Promise<{ advisoryIds: string[]; packages: PackageVulnerability[] }> {
    const matches = await tx.rows(matchKey, 'FROM package_match WHERE vulnerability_ids && $1::text[]', [
      vulnerabilityIds,
    ]);
    const packageIds = [...new Set(matches.map(({ packageId }) => packageId))];
    const all = await vulnerable(tx, packageIds, vulnerabilityIds);
    return {
      advisoryIds: [...new Set(matches.map(({ advisoryId }) => advisoryId))],
      packages: all.filter(({ nature }) => nature === 'open' || nature === 'malware'),
    };
  }

  /**
   * Describes changes for notifications, with the title of one of the matched advisories; leaves
   * out those without an image. Changes of different natures are separate, so that a mitigated one
   * does not get the severity of an open one.
   * @param isNews whether all are news; else only the worst from the first load of an ecosystem are
   */
  async describe(
    tx: Transaction,
    advisoryIds: readonly string[],
    changes: readonly PackageVulnerability[],
    isNews = false,
  ): Promise<FleetChange[]> {
    const described = await tx.rows(
      describedColumns,
      (list) => `WITH change AS (
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]) AS row (vulnerability_id, package_id, nature)),
       reached AS (
         SELECT vulnerability_id, nature, count(DISTINCT change.package_id)::int AS packages, count(DISTINCT image_digest)::int AS images,
           array_agg(DISTINCT image_digest) AS digests, (array_agg(DISTINCT purl))[1:${maxPurls}] AS purls, min(ecosystem) AS ecosystem,
           array_agg(DISTINCT package_match.advisory_id) FILTER (WHERE package_match.advisory_id IS NOT NULL) AS accusers,
           CASE nature WHEN 'mitigated' THEN 'negligible' ELSE
             (array_agg(package_match.severity ORDER BY array_position($5::text[], package_match.severity)))[1] END AS severity,
           CASE nature WHEN 'malware' THEN 'critical' WHEN 'informational' THEN 'low' ELSE 'unknown' END AS unrated
         FROM change JOIN image_package ON image_package.package_id = change.package_id JOIN package ON package.id = change.package_id
         LEFT JOIN package_match ON package_match.package_id = change.package_id AND package_match.advisory_id = ANY($4)
           AND change.vulnerability_id = ANY(package_match.vulnerability_ids)
         WHERE image_package.state = 'present' GROUP BY vulnerability_id, nature)
       SELECT ${list}
       FROM reached
       JOIN LATERAL (
         SELECT id, title, nullif(severity, 'unknown') AS severity FROM advisory
         WHERE id = ANY($4) AND reached.vulnerability_id = ANY(aliases || advisory.vulnerability_id)
         ORDER BY id = ANY(accusers) DESC, cardinality(aliases), id LIMIT 1) AS speaker ON true
       LEFT JOIN LATERAL (
         SELECT severity FROM advisory
         WHERE advisory.vulnerability_id = reached.vulnerability_id AND advisory.severity <> 'unknown'
         ORDER BY array_position($5::text[], severity) LIMIT 1) AS worst ON true
       ORDER BY array_position($5::text[], coalesce(reached.severity, worst.severity, speaker.severity, unrated)), vulnerability_id`,
      [
        changes.map(({ vulnerabilityId }) => vulnerabilityId),
        changes.map(({ packageId }) => packageId),
        changes.map(({ nature }) => nature),
        advisoryIds,
        severities,
      ],
    );
    const news = isNews ? described.map(() => true) : await this.#news(tx, described);
    const workloads = await countWorkloads(
      tx,
      described.map(({ digests }) => digests),
    );
    return described.map(({ ecosystem: _, digests: __, nature, ...change }, index) => ({
      ...change,
      workloads: workloads[index]!,
      kind: kinds[nature],
      isNews: news[index]!,
    }));
  }

  /** Whether to notify of each change; changes are sorted worst first. */
  async #news(tx: Transaction, changes: readonly { ecosystem: string; severity: Severity }[]): Promise<boolean[]> {
    const rows = await tx.aggregate<{ ecosystem: string; left: number }>(
      `SELECT ecosystem, $2 - first_news AS left FROM advisory_ecosystem
       WHERE ecosystem = ANY($1) AND first_loaded_at > now() - interval '1 day' ORDER BY ecosystem FOR UPDATE`,
      [changes.map(({ ecosystem }) => ecosystem), maxFirstNews],
    );
    const left = new Map(rows.map((row) => [row.ecosystem, row.left]));
    const isNews = changes.map(({ ecosystem, severity }) => {
      const some = left.get(ecosystem);
      if (some === undefined || isCalm(severity)) return true;
      left.set(ecosystem, Math.max(0, some - 1));
      return some > 0;
    });
    await tx.query(
      `UPDATE advisory_ecosystem SET first_news = $3 - "left"
       FROM unnest($1::text[], $2::int[]) AS row (name, "left") WHERE ecosystem = name`,
      [[...left.keys()], [...left.values()], maxFirstNews],
    );
    return isNews;
  }
}

/**
 * Column of a row of `advisory_package` and its `advisory`. Loads leave out of `affected` what is
 * usual, and what other columns have.
 */
const candidateColumn = `'${JSON.stringify(usualEntry)}'::jsonb || affected
  || jsonb_build_object('ecosystem', ecosystem, 'release', entry.release, 'name', name) || jsonb_build_object('advisory', jsonb_build_object('id', advisory.id,
  'vulnerabilityId', vulnerability_id, 'aliases', aliases, 'title', title, 'severity', severity)) AS candidate`;

/** Locks packages in the order of ids, so that two writers of the same packages cannot deadlock. */
async function holdPackages(tx: Transaction, packageIds: readonly string[]): Promise<void> {
  await tx.query('SELECT id FROM package WHERE id = ANY($1) ORDER BY id FOR UPDATE', [packageIds]);
}

/**
 * Replaces the matches of some packages with some advisories, or with all. Unchanged rows are not
 * written.
 */
async function keepMatches(
  tx: Transaction,
  packageIds: readonly string[],
  found: readonly FleetMatch[],
  advisoryIds?: readonly string[],
): Promise<void> {
  const rows = newMatches.parameters(
    found.map(({ fix, ...match }) => ({ ...match, fixState: fix.state, fixVersion: fix.version ?? null })),
  );
  await tx.query(
    `DELETE FROM package_match WHERE package_id = ANY($1) AND ($2::text[] IS NULL OR advisory_id = ANY($2))
     AND NOT EXISTS (SELECT FROM ${keptMatches.table}
       WHERE "packageId" = package_id AND "advisoryId" = advisory_id)`,
    [packageIds, advisoryIds ?? null, ...rows],
  );
  await tx.query(
    `INSERT INTO package_match AS known (${newMatches.columns}) SELECT ${newMatches.values} FROM ${newMatches.table}
     ON CONFLICT (package_id, advisory_id) DO UPDATE SET ${excluded(PackageMatchRow, matchOutcome)}
     WHERE (known.state, known.fix_state, known.fix_version, known.severity, known.vulnerability_ids, known.evidence)
       IS DISTINCT FROM (EXCLUDED.state, EXCLUDED.fix_state, EXCLUDED.fix_version, EXCLUDED.severity, EXCLUDED.vulnerability_ids,
         EXCLUDED.evidence)`,
    rows,
  );
}

/** Whether a severity is too low to count against the limit of news. */
function isCalm(severity: Severity): boolean {
  return severity !== 'unknown' && !isAtLeast(severity, 'high');
}

/** A name that an advisory lists. */
type ListedName = Pick<AdvisoryCandidate, 'ecosystem' | 'name'>;

const packagesListedAs = `unnest($1::text[], $2::text[]) AS listed (ecosystem, listed_name)
  JOIN package USING (ecosystem) WHERE advisory_names @> ARRAY[listed_name]`;

function arraysOf(names: readonly ListedName[]): [string[], string[]] {
  return [names.map(({ ecosystem }) => ecosystem), names.map(({ name }) => name)];
}

async function vulnerable(
  tx: Transaction,
  packageIds: readonly string[],
  vulnerabilityIds?: readonly string[],
): Promise<PackageVulnerability[]> {
  return tx.rows(
    vulnerableColumns,
    // Same logic as packageFindings of libs/advisories.
    `FROM package_match, unnest(vulnerability_ids) AS vulnerability_id
     WHERE package_id = ANY($1) AND ($2::text[] IS NULL OR vulnerability_id = ANY($2)) GROUP BY 1, 2 ORDER BY 2, 1`,
    [packageIds, vulnerabilityIds ?? null],
  );
}

/** Vulnerabilities that are in `now` and not in `then`. */
function changes(now: readonly PackageVulnerability[], then: readonly PackageVulnerability[]): PackageVulnerability[] {
  const keyOf = ({ packageId, vulnerabilityId, nature }: PackageVulnerability) =>
    `${packageId} ${nature} ${vulnerabilityId}`;
  const known = new Set(then.map(keyOf));
  return now.filter((each) => !known.has(keyOf(each)));
}
