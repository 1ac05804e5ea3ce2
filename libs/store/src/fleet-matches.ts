import { Injectable } from '@nestjs/common';
import {
  type AdvisoryCandidate,
  type AdvisoryKey,
  matchingVersion,
  type PackageMatch,
  vulnerabilitiesOf,
} from '@tidewaiter/advisories';
import {
  type AdvisorySummary,
  type Digest,
  isAtLeast,
  type PackageRecord,
  severities,
  type Severity,
} from '@tidewaiter/domain';

import { changeLock } from './advisories.js';
import { json } from './storable.js';
import type { Transaction } from './store.js';

/** A package to be judged, and which advisories may judge it. */
export interface UnmatchedPackage extends PackageRecord {
  id: string;
  key: AdvisoryKey;
}

/** An advisory that hits a package of the fleet. */
export interface FleetMatch extends PackageMatch {
  packageId: string;
}

/** An advisory that a change wrote. */
export type ChangedAdvisory = Pick<AdvisorySummary, 'id' | 'vulnerabilityId' | 'aliases'>;

/** A vulnerability that packages have by now, or no longer have. */
export interface MatchChange {
  vulnerabilityId: string;
  packageIds: string[];
}

/** A vulnerability that came to images, or left them, without a push. */
export interface FleetChange {
  vulnerabilityId: string;
  /** The advisory that says so. */
  advisoryId: string;
  severity: Severity;
  title: string;
  /** Some of the packages. */
  purls: string[];
  packages: number;
  images: number;
  /** Whether people are to be told: not of all that the first load of an ecosystem says of the past. */
  isNews: boolean;
}

const maxPurls = 200;
/** What an ecosystem tells on the day on which it is loaded for the first time: nobody reads a thousand messages about the past. */
const maxFirstNews = 50;

/** Which advisories hit which packages. A match is made once for the whole fleet; images follow by join. */
@Injectable()
export class FleetMatches {
  /** Keeps advisories as they are until the transaction ends: a change of them comes after the matches made in it. */
  async hold(tx: Transaction): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock_shared(${changeLock})`);
  }

  /** The packages of an image that nobody has matched, or only an older matching; advisories that change find the others. */
  async unmatched(tx: Transaction, imageDigest: Digest): Promise<UnmatchedPackage[]> {
    return tx.query<UnmatchedPackage>(
      `SELECT DISTINCT ${packageColumns} FROM image_package JOIN package ON package.id = package_id
       WHERE image_digest = $1 AND ecosystem IS NOT NULL AND matched_by IS DISTINCT FROM $2 ORDER BY package.id`,
      [imageDigest, matchingVersion],
    );
  }

  /** Whether the fleet has a package that advisories mean which list one of these names. */
  async holds(tx: Transaction, names: readonly ListedName[]): Promise<boolean> {
    const rows = await tx.query(`SELECT FROM ${packagesListedAs} LIMIT 1`, columnsOf(names));
    return rows.length > 0;
  }

  /** The advisories of a change that no later change has written again. */
  async changed(tx: Transaction, change: string): Promise<ChangedAdvisory[]> {
    return tx.query<ChangedAdvisory>(
      `SELECT id, vulnerability_id AS "vulnerabilityId", aliases FROM advisory WHERE change = $1 ORDER BY id`,
      [change],
    );
  }

  /** What those of some advisories say that are not withdrawn. */
  async candidates(tx: Transaction, advisories: readonly ChangedAdvisory[]): Promise<AdvisoryCandidate[]> {
    const rows = await tx.query<{ candidate: AdvisoryCandidate }>(
      `SELECT ${candidateColumn} FROM advisory_package JOIN advisory ON advisory.id = advisory_id
       WHERE advisory.id = ANY($1) AND withdrawn IS NULL ORDER BY advisory.id, position`,
      [advisories.map(({ id }) => id)],
    );
    return rows.map(({ candidate }) => candidate);
  }

  /** Everything that is said about some packages by advisories that are not withdrawn. */
  async candidatesFor(tx: Transaction, packages: readonly UnmatchedPackage[]): Promise<AdvisoryCandidate[]> {
    const listed = packages.flatMap(({ key }) => key.names.map((name) => ({ ...key, name })));
    const rows = await tx.query<{ candidate: AdvisoryCandidate }>(
      // Each name once: of an entry without a release it does not matter in which one we ask.
      `SELECT DISTINCT ON (advisory_id, position) ${candidateColumn}
       FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[]) AS row (ecosystem, name, release)) AS listed
       JOIN advisory_package AS entry USING (ecosystem, name) JOIN advisory ON advisory.id = advisory_id
       WHERE (entry.release = listed.release OR entry.release IS NULL) AND withdrawn IS NULL`,
      [...columnsOf(listed), listed.map(({ release }) => release)],
    );
    return rows.map(({ candidate }) => candidate);
  }

  /** The packages of the fleet that advisories may mean which list these names; one that was never matched comes with its image. */
  async named(tx: Transaction, names: readonly ListedName[]): Promise<UnmatchedPackage[]> {
    return tx.query<UnmatchedPackage>(
      `SELECT DISTINCT ${packageColumns} FROM ${packagesListedAs} AND matched_by IS NOT NULL ORDER BY package.id`,
      columnsOf(names),
    );
  }

  /** Some packages that an older matching has matched. */
  async outdated(tx: Transaction, limit: number): Promise<UnmatchedPackage[]> {
    return tx.query<UnmatchedPackage>(
      `SELECT ${packageColumns} FROM package WHERE matched_by <> $1 ORDER BY package.id LIMIT $2`,
      [matchingVersion, limit],
    );
  }

  /** Whether there are any. */
  async hasOutdated(tx: Transaction): Promise<boolean> {
    return (await this.outdated(tx, 1)).length > 0;
  }

  /** Keeps all that hits some packages in place of what was known; answers which of them have other vulnerabilities by that. */
  async rematched(
    tx: Transaction,
    packages: readonly UnmatchedPackage[],
    matches: readonly FleetMatch[],
  ): Promise<string[]> {
    const ids = packages.map(({ id }) => id);
    await holdPackages(tx, ids);
    const before = await vulnerable(tx, ids);
    await tx.query('DELETE FROM package_match WHERE package_id = ANY($1)', [ids]);
    await addMatches(tx, matches);
    await tx.query('UPDATE package SET matched_by = $2 WHERE id = ANY($1)', [ids, matchingVersion]);
    const after = await vulnerable(tx, ids);
    const changed = [...changes(after, before), ...changes(before, after)];
    return [...new Set(changed.flatMap(({ packageIds }) => packageIds))];
  }

  /**
   * Keeps what these advisories hit in place of what they hit before. Answers what that changes for people: a package that another
   * advisory already accuses of the same vulnerability has nothing new.
   */
  async replace(
    tx: Transaction,
    advisories: readonly ChangedAdvisory[],
    matches: readonly FleetMatch[],
  ): Promise<{ opened: MatchChange[]; resolved: MatchChange[] }> {
    const ids = advisories.map(({ id }) => id);
    const accused = await tx.query<{ id: string }>(
      'SELECT DISTINCT package_id AS id FROM package_match WHERE advisory_id = ANY($1)',
      [ids],
    );
    const touched = [...new Set([...accused.map(({ id }) => id), ...matches.map(({ packageId }) => packageId)])];
    await holdPackages(tx, touched);
    const vulnerabilityIds = [...new Set(advisories.flatMap(vulnerabilitiesOf))];
    const before = await vulnerable(tx, touched, vulnerabilityIds);
    await tx.query('DELETE FROM package_match WHERE advisory_id = ANY($1)', [ids]);
    await addMatches(tx, matches);
    const after = await vulnerable(tx, touched, vulnerabilityIds);
    return { opened: changes(after, before), resolved: changes(before, after) };
  }

  /** What changes say for people; those that concern no image are left out. */
  async describe(
    tx: Transaction,
    advisories: readonly ChangedAdvisory[],
    changes: readonly MatchChange[],
  ): Promise<FleetChange[]> {
    const rows = changes.flatMap(({ vulnerabilityId, packageIds }) =>
      packageIds.map((id) => ({ vulnerabilityId, id })),
    );
    const described = await tx.query<Omit<FleetChange, 'isNews'> & { ecosystem: string }>(
      `WITH change AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS row (vulnerability_id, package_id)),
       reached AS (
         SELECT vulnerability_id, count(DISTINCT change.package_id)::int AS packages, count(DISTINCT image_digest)::int AS images,
           (array_agg(DISTINCT purl))[1:${maxPurls}] AS purls, min(ecosystem) AS ecosystem,
           (array_agg(DISTINCT package_match.severity) FILTER (WHERE package_match.severity IS NOT NULL))[1] AS severity
         FROM change JOIN image_package ON image_package.package_id = change.package_id JOIN package ON package.id = change.package_id
         LEFT JOIN package_match ON package_match.package_id = change.package_id AND package_match.advisory_id = ANY($3)
         WHERE image_package.state = 'present' GROUP BY vulnerability_id)
       SELECT vulnerability_id AS "vulnerabilityId", speaker.id AS "advisoryId", speaker.title, packages, images, purls,
         coalesce(reached.severity, worst.severity, speaker.severity, 'unknown') AS severity,
         reached.ecosystem
       FROM reached
       JOIN LATERAL (
         SELECT id, title, nullif(severity, 'unknown') AS severity FROM advisory
         WHERE id = ANY($3) AND reached.vulnerability_id = ANY(aliases || advisory.vulnerability_id)
         ORDER BY cardinality(aliases), id LIMIT 1) AS speaker ON true
       LEFT JOIN LATERAL (
         SELECT severity FROM advisory
         WHERE advisory.vulnerability_id = reached.vulnerability_id AND advisory.severity <> 'unknown'
         ORDER BY array_position($4::text[], severity) LIMIT 1) AS worst ON true
       ORDER BY array_position($4::text[], coalesce(reached.severity, worst.severity, speaker.severity, 'unknown')), vulnerability_id`,
      [
        rows.map(({ vulnerabilityId }) => vulnerabilityId),
        rows.map(({ id }) => id),
        advisories.map(({ id }) => id),
        severities,
      ],
    );
    const news = await this.#news(tx, described);
    return described.map(({ ecosystem: _, ...change }, index) => ({ ...change, isNews: news[index]! }));
  }

  /** Whether people are to be told of each, which come worst first. */
  async #news(tx: Transaction, changes: readonly { ecosystem: string; severity: Severity }[]): Promise<boolean[]> {
    const rows = await tx.query<{ ecosystem: string; left: number }>(
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

/** A row of `package` as {@link UnmatchedPackage}; where it was found is for its images to say. */
const packageColumns = `package.id, type, package.name, version, arch, qualifiers,
  jsonb_build_object('name', source_name, 'version', source_version) AS source, licenses,
  jsonb_build_object('ecosystem', ecosystem, 'release', release, 'names', advisory_names) AS key, '' AS "foundIn"`;

/** A row of `advisory_package` and its `advisory`. */
const candidateColumn = `affected || jsonb_build_object('advisory', jsonb_build_object('id', advisory.id,
  'vulnerabilityId', vulnerability_id, 'aliases', aliases, 'title', title, 'severity', severity)) AS candidate`;

/** In the order of ids, so that two writers of the same packages cannot deadlock. */
async function holdPackages(tx: Transaction, packageIds: readonly string[]): Promise<void> {
  await tx.query('SELECT id FROM package WHERE id = ANY($1) ORDER BY id FOR UPDATE', [packageIds]);
}

async function addMatches(tx: Transaction, matches: readonly FleetMatch[]): Promise<void> {
  await tx.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, severity, vulnerability_ids, evidence)
     SELECT "packageId", "advisoryId", state, fix ->> 'state', fix ->> 'version', severity, "vulnerabilityIds", evidence
     FROM jsonb_to_recordset($1) AS row ("packageId" bigint, "advisoryId" text, state text, fix jsonb, severity text,
       "vulnerabilityIds" text[], evidence jsonb)`,
    [json(matches)],
  );
}

/** What nobody is woken for, so that it takes nobody's place. */
function isCalm(severity: Severity): boolean {
  return severity !== 'unknown' && !isAtLeast(severity, 'high');
}

/** A name that an advisory lists. */
type ListedName = Pick<AdvisoryCandidate, 'ecosystem' | 'name'>;

const packagesListedAs = `unnest($1::text[], $2::text[]) AS listed (ecosystem, listed_name)
  JOIN package USING (ecosystem) WHERE advisory_names @> ARRAY[listed_name]`;

function columnsOf(names: readonly ListedName[]): [string[], string[]] {
  return [names.map(({ ecosystem }) => ecosystem), names.map(({ name }) => name)];
}

interface VulnerablePackage {
  packageId: string;
  vulnerabilityId: string;
}

async function vulnerable(
  tx: Transaction,
  packageIds: readonly string[],
  vulnerabilityIds?: readonly string[],
): Promise<VulnerablePackage[]> {
  return tx.query<VulnerablePackage>(
    `SELECT DISTINCT package_id AS "packageId", vulnerability_id AS "vulnerabilityId"
     FROM package_match, unnest(vulnerability_ids) AS vulnerability_id
     WHERE package_id = ANY($1) AND ($2::text[] IS NULL OR vulnerability_id = ANY($2)) ORDER BY 2, 1`,
    [packageIds, vulnerabilityIds ?? null],
  );
}

/** What is in `now` and not in `then`, by vulnerability. */
function changes(now: readonly VulnerablePackage[], then: readonly VulnerablePackage[]): MatchChange[] {
  const keyOf = ({ packageId, vulnerabilityId }: VulnerablePackage) => `${packageId} ${vulnerabilityId}`;
  const known = new Set(then.map(keyOf));
  const fresh = now.filter((each) => !known.has(keyOf(each)));
  return [...Map.groupBy(fresh, ({ vulnerabilityId }) => vulnerabilityId)].map(([vulnerabilityId, each]) => ({
    vulnerabilityId,
    packageIds: each.map(({ packageId }) => packageId),
  }));
}
