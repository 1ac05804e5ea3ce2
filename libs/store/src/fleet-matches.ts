import { Injectable } from '@nestjs/common';
import {
  type AdvisoryCandidate,
  type AdvisoryKey,
  type AdvisoryScope,
  matchingVersion,
  type PackageMatch,
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

import { changeLock } from './advisories.js';
import { json } from './storable.js';
import type { Transaction } from './store.js';
import { countWorkloads } from './workload-ledger.js';

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

/** A vulnerability that a package has. */
export interface VulnerablePackage {
  packageId: string;
  vulnerabilityId: string;
  nature: Nature;
}

/**
 * What all who speak of it take it for: a hole, one that is closed by other means than a version, no hole but a notice that nobody
 * keeps the package up, or malware.
 */
type Nature = 'open' | 'mitigated' | 'informational' | 'malware';

const kinds: Record<Nature, FindingKind> = {
  open: 'vulnerability',
  mitigated: 'vulnerability',
  informational: 'supply-chain',
  malware: 'malware',
};

/** What is matched again: all that these advisories say of these packages. */
export interface Rematch {
  packages: readonly UnmatchedPackage[];
  advisoryIds: readonly string[];
  /** What the advisories are about. */
  vulnerabilityIds: readonly string[];
}

/** A vulnerability that came to images, or left them, without a push. */
export interface FleetChange {
  kind: FindingKind;
  vulnerabilityId: string;
  /** The advisory that says so. */
  advisoryId: string;
  severity: Severity;
  title: string;
  /** Some of the packages. */
  purls: string[];
  packages: number;
  images: number;
  /** That run one of the images, or did in the last day; null while nobody tells of workloads. */
  workloads: number | null;
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

  /** How many packages of an image wait for their matches. */
  async countUnmatched(tx: Transaction, imageDigest: Digest): Promise<number> {
    const [row] = await tx.query<{ count: number }>(
      `SELECT count(DISTINCT package.id)::int AS count FROM image_package JOIN package ON package.id = package_id
       WHERE image_digest = $1 AND ecosystem IS NOT NULL AND matched_by IS NULL`,
      [imageDigest],
    );
    return row!.count;
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

  /** What the advisories of a change speak of. */
  async scopes(tx: Transaction, change: string): Promise<AdvisoryScope[]> {
    return tx.query<AdvisoryScope>(
      `SELECT DISTINCT ecosystem, release FROM advisory JOIN advisory_package ON advisory_id = id WHERE change = $1`,
      [change],
    );
  }

  /** What some advisories are about, and were about when they were matched. */
  async concerned(tx: Transaction, advisories: readonly ChangedAdvisory[]): Promise<string[]> {
    const before = await tx.query<{ id: string }>(
      'SELECT DISTINCT unnest(vulnerability_ids) AS id FROM package_match WHERE advisory_id = ANY($1)',
      [advisories.map(({ id }) => id)],
    );
    return [...new Set([...advisories.flatMap(vulnerabilitiesOf), ...before.map(({ id }) => id)])];
  }

  /** Everything that is said about some packages, or of these vulnerabilities of theirs, by advisories that are not withdrawn. */
  async candidatesFor(
    tx: Transaction,
    packages: readonly UnmatchedPackage[],
    vulnerabilityIds?: readonly string[],
  ): Promise<AdvisoryCandidate[]> {
    const listed = packages.flatMap(({ key }) => key.names.map((name) => ({ ...key, name })));
    const rows = await tx.query<{ candidate: AdvisoryCandidate }>(
      // Each name once: of an entry without a release it does not matter in which one we ask.
      `SELECT DISTINCT ON (advisory_id, position) ${candidateColumn}
       FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[]) AS row (ecosystem, name, release)) AS listed
       JOIN advisory_package AS entry USING (ecosystem, name) JOIN advisory ON advisory.id = advisory_id
       WHERE (entry.release = listed.release OR entry.release IS NULL) AND withdrawn IS NULL
         AND ($4::text[] IS NULL OR (aliases || vulnerability_id) && $4)`,
      [...columnsOf(listed), listed.map(({ release }) => release), vulnerabilityIds ?? null],
    );
    return rows.map(({ candidate }) => candidate);
  }

  /** The packages of the fleet that some advisories may mean or have hit; one that was never matched comes with its image. */
  async named(tx: Transaction, advisories: readonly ChangedAdvisory[]): Promise<UnmatchedPackage[]> {
    return tx.query<UnmatchedPackage>(
      // Also what a withdrawn one names: it may have cleared a package that another one accuses.
      `SELECT ${packageColumns} FROM package WHERE matched_by IS NOT NULL AND id IN (
         SELECT each.id FROM advisory_package AS entry
         JOIN package AS each ON each.ecosystem = entry.ecosystem AND each.advisory_names @> ARRAY[entry.name]
         WHERE entry.advisory_id = ANY($1) AND (entry.release = each.release OR entry.release IS NULL)
         UNION SELECT package_id FROM package_match WHERE advisory_id = ANY($1))
       ORDER BY package.id`,
      [advisories.map(({ id }) => id)],
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
    await keepMatches(tx, ids, matches);
    await tx.query('UPDATE package SET matched_by = $2 WHERE id = ANY($1)', [ids, matchingVersion]);
    const after = await vulnerable(tx, ids);
    return [...new Set([...changes(after, before), ...changes(before, after)].map(({ packageId }) => packageId))];
  }

  /**
   * Keeps these matches in place of what the same advisories hit in the same packages before. Answers what that changes for people:
   * a package that another advisory already accuses of the same vulnerability has nothing new.
   */
  async replace(
    tx: Transaction,
    { packages, advisoryIds, vulnerabilityIds }: Rematch,
    matches: readonly FleetMatch[],
  ): Promise<{ opened: VulnerablePackage[]; resolved: VulnerablePackage[] }> {
    const ids = packages.map(({ id }) => id);
    await holdPackages(tx, ids);
    const before = await vulnerable(tx, ids, vulnerabilityIds);
    await keepMatches(tx, ids, matches, advisoryIds);
    const after = await vulnerable(tx, ids, vulnerabilityIds);
    return { opened: changes(after, before), resolved: changes(before, after) };
  }

  /** The packages that some vulnerabilities can be exploited in, and the advisories that say so. */
  async vulnerableTo(
    tx: Transaction,
    vulnerabilityIds: readonly string[],
  ): Promise<{ advisoryIds: string[]; packages: VulnerablePackage[] }> {
    const matches = await tx.query<{ packageId: string; advisoryId: string }>(
      `SELECT package_id AS "packageId", advisory_id AS "advisoryId" FROM package_match WHERE vulnerability_ids && $1::text[]`,
      [vulnerabilityIds],
    );
    const packageIds = [...new Set(matches.map(({ packageId }) => packageId))];
    const all = await vulnerable(tx, packageIds, vulnerabilityIds);
    return {
      advisoryIds: [...new Set(matches.map(({ advisoryId }) => advisoryId))],
      packages: all.filter(({ nature }) => nature === 'open' || nature === 'malware'),
    };
  }

  /**
   * What changes say for people, in the words of one of the advisories that were matched; those that concern no image are left out.
   * What is of another nature stands apart: what is mitigated must not share in the severity of what is open.
   * @param isNews whether all of it is; else what the first load of an ecosystem says is no news but for the worst
   */
  async describe(
    tx: Transaction,
    advisoryIds: readonly string[],
    changes: readonly VulnerablePackage[],
    isNews = false,
  ): Promise<FleetChange[]> {
    const described = await tx.query<
      Omit<FleetChange, 'isNews' | 'kind' | 'workloads'> & {
        nature: Nature;
        ecosystem: string;
        digests: Digest[];
      }
    >(
      `WITH change AS (
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
       SELECT vulnerability_id AS "vulnerabilityId", speaker.id AS "advisoryId", speaker.title, packages, images, digests, purls,
         coalesce(reached.severity, worst.severity, speaker.severity, unrated) AS severity, nature,
         reached.ecosystem
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

/** Keeps matches of some packages in place of those that some advisories, or all, had before. What stays as it is, is not written. */
async function keepMatches(
  tx: Transaction,
  packageIds: readonly string[],
  matches: readonly FleetMatch[],
  advisoryIds?: readonly string[],
): Promise<void> {
  const rows = json(matches);
  await tx.query(
    `DELETE FROM package_match WHERE package_id = ANY($1) AND ($2::text[] IS NULL OR advisory_id = ANY($2))
     AND NOT EXISTS (SELECT FROM jsonb_to_recordset($3) AS row ("packageId" bigint, "advisoryId" text)
       WHERE "packageId" = package_id AND "advisoryId" = advisory_id)`,
    [packageIds, advisoryIds ?? null, rows],
  );
  await tx.query(
    `INSERT INTO package_match AS known (package_id, advisory_id, state, fix_state, fix_version, severity, vulnerability_ids, evidence)
     SELECT "packageId", "advisoryId", state, fix ->> 'state', fix ->> 'version', severity, "vulnerabilityIds", evidence
     FROM jsonb_to_recordset($1) AS row ("packageId" bigint, "advisoryId" text, state text, fix jsonb, severity text,
       "vulnerabilityIds" text[], evidence jsonb)
     ON CONFLICT (package_id, advisory_id) DO UPDATE SET state = EXCLUDED.state, fix_state = EXCLUDED.fix_state,
       fix_version = EXCLUDED.fix_version, severity = EXCLUDED.severity, vulnerability_ids = EXCLUDED.vulnerability_ids,
       evidence = EXCLUDED.evidence
     WHERE (known.state, known.fix_state, known.fix_version, known.severity, known.vulnerability_ids, known.evidence)
       IS DISTINCT FROM (EXCLUDED.state, EXCLUDED.fix_state, EXCLUDED.fix_version, EXCLUDED.severity, EXCLUDED.vulnerability_ids,
         EXCLUDED.evidence)`,
    [rows],
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

async function vulnerable(
  tx: Transaction,
  packageIds: readonly string[],
  vulnerabilityIds?: readonly string[],
): Promise<VulnerablePackage[]> {
  return tx.query<VulnerablePackage>(
    // As findings have it: see packageFindings of libs/advisories.
    `SELECT package_id AS "packageId", vulnerability_id AS "vulnerabilityId",
       CASE WHEN bool_and(evidence ? 'mitigation') THEN 'mitigated' WHEN bool_or(advisory_id LIKE 'MAL-%') THEN 'malware'
         WHEN bool_and(evidence ? 'informational') AND vulnerability_id NOT LIKE 'CVE-%' THEN 'informational'
         ELSE 'open' END AS nature
     FROM package_match, unnest(vulnerability_ids) AS vulnerability_id
     WHERE package_id = ANY($1) AND ($2::text[] IS NULL OR vulnerability_id = ANY($2)) GROUP BY 1, 2 ORDER BY 2, 1`,
    [packageIds, vulnerabilityIds ?? null],
  );
}

/** What is in `now` and not in `then`. */
function changes(now: readonly VulnerablePackage[], then: readonly VulnerablePackage[]): VulnerablePackage[] {
  const keyOf = ({ packageId, vulnerabilityId, nature }: VulnerablePackage) =>
    `${packageId} ${nature} ${vulnerabilityId}`;
  const known = new Set(then.map(keyOf));
  return now.filter((each) => !known.has(keyOf(each)));
}
