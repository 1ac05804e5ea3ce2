import { Injectable } from '@nestjs/common';
import { vulnerabilityFingerprint } from '@tidewaiter/advisories';
import {
  type Digest,
  type FindingKind,
  findingOf,
  type FixState,
  type PackageType,
  type Severity,
  severities,
} from '@tidewaiter/domain';
import { suppress } from '@tidewaiter/policy';
import { parseQuery, vulnerabilityFields } from '@tidewaiter/query';
import { type FixLimits, groupUnfixed, type UnfixedGroup, type UnfixedRow } from '@tidewaiter/reports';
import type { OwnerSettings } from '@tidewaiter/runtime';

import { conditionsOf, Parameters, rankSql } from '../core/lists.js';
import { Store } from '../core/store.js';
import { runningContainers, taggedPlaces } from '../images/exposure/exposure-counts.js';
import { FleetExposure } from '../images/exposure/fleet-exposure.js';
import { vulnerabilityList } from '../images/exposure/vulnerability-list.js';
import { OwnerLabels } from '../images/owner-labels.js';
import { Owners } from '../images/owners.js';
import { EvaluationRules } from '../images/pushes/verdicts.js';

/** Findings that one report has. */
const maxRows = 20_000;

const dayMs = 86_400_000;

export interface UnfixedQuestion {
  by: 'owner' | 'repository';
  /** Vulnerabilities, as a query of their list. */
  query: string;
  limits: FixLimits;
}

/** Unfixed findings in groups. */
export interface Unfixed {
  groups: UnfixedGroup[];
  /** All findings; the groups have no more than 20,000 of them. */
  total: number;
  /** Time at which the fleet was last known to be evaluated; null before the first time. */
  asOf: Date | null;
}

/** A package in the images of a repository, with the versions that are affected. */
interface FoundPackage {
  host: string;
  repository: string;
  digest: Digest;
  vulnerability: string;
  aliases: string[];
  kind: FindingKind;
  severity: Severity;
  kev: boolean;
  epss: number | null;
  type: PackageType;
  package: string;
  versions: { purl: string; version: string; state: FixState; fix: string | null; upgrade: string | null }[];
  images: number;
  running: boolean | null;
  since: Date;
  total: number;
}

/** Vulnerabilities of images that a tag points to or that run, with their age. */
@Injectable()
export class UnfixedFindings {
  constructor(
    private readonly store: Store,
    private readonly ownership: OwnerLabels,
    private readonly evaluation: EvaluationRules,
    private readonly exposure: FleetExposure,
  ) {}

  /**
   * Findings within the limits that the store applies, without those that an exception or VEX
   * statement of the settings covers for the whole repository.
   * @throws InvalidInput `QUERY_INVALID`
   */
  async of({ by, query, limits }: UnfixedQuestion, owners: OwnerSettings, now: Date): Promise<Unfixed> {
    // Read first: what is evaluated meanwhile may be in the findings, and nothing older is missing.
    const asOf = await this.exposure.refreshedAt();
    const found = await this.#found(query, owners, now);
    const counted = found.flatMap((row) => this.#counted(row, now));
    const owner = await this.#ownersOf(counted, owners);
    const rows = counted.map((row) => describe(row, owner.get(row.repository) ?? null, limits, now));
    return { groups: groupUnfixed(rows, by), total: (found[0]?.total ?? 0) - found.length + rows.length, asOf };
  }

  async #found(query: string, owners: OwnerSettings, now: Date): Promise<FoundPackage[]> {
    const parameters = new Parameters();
    const where = parseQuery(query, vulnerabilityFields, now);
    const conditions = await conditionsOf(where, vulnerabilityList, { parameters, store: this.store, owners });
    return this.store.assembled<FoundPackage>(
      `WITH wanted AS MATERIALIZED (
         SELECT id, aliases, kev, epss, published FROM fleet_vulnerability WHERE ${conditions.join(' AND ')}),
       running AS MATERIALIZED (SELECT DISTINCT image_digest FROM (${runningContainers}) AS container),
       live AS MATERIALIZED (
         SELECT image_digest, repository FROM (${taggedPlaces}) AS place
         UNION SELECT image_digest, repository FROM running JOIN push_image USING (image_digest) JOIN push ON push.id = push_id
         WHERE push.state = 'analyzed'),
       brought AS MATERIALIZED (
         SELECT repository, image_digest, min(received_at) AS at, min(coalesce(registry_host, connection)) AS host,
           (repository, image_digest) IN (SELECT repository, image_digest FROM live) AS is_live,
           image_digest IN (SELECT image_digest FROM running) AS is_running
         FROM push JOIN push_image ON push_id = push.id WHERE state = 'analyzed' GROUP BY 1, 2),
       found AS (
         SELECT min(brought.host) AS host, repository, (array_agg(image_digest ORDER BY brought.at DESC) FILTER (WHERE is_live))[1] AS digest,
           wanted.id AS vulnerability, wanted.aliases, wanted.kev, wanted.epss, min(found.kind) AS kind,
           (array_agg(found.severity ORDER BY ${rankSql('found.severity', severities)} DESC) FILTER (WHERE is_live))[1] AS severity,
           package.type, package.name AS package,
           array_agg(DISTINCT jsonb_build_object('purl', package.purl, 'version', package.version, 'state', fix_state,
             'fix', fix_version, 'upgrade', upgrade_to)) FILTER (WHERE is_live) AS versions,
           count(DISTINCT image_digest) FILTER (WHERE is_live)::int AS images, bool_or(is_running) AS running,
           greatest(min(brought.at), wanted.published) AS since
         FROM brought JOIN image_package USING (image_digest) JOIN package_vulnerability AS found USING (package_id)
         JOIN wanted ON wanted.id = found.vulnerability_id JOIN package ON package.id = package_id
         WHERE image_package.state = 'present'
         GROUP BY repository, wanted.id, wanted.aliases, wanted.kev, wanted.epss, wanted.published, package.type, package.name
         HAVING bool_or(is_live))
       SELECT host, repository, digest, vulnerability, aliases, kind, severity, kev, epss, type, package, versions, images,
         CASE WHEN EXISTS (SELECT FROM container_ledger) THEN running END AS running, since, (count(*) OVER ())::int AS total
       FROM found ORDER BY ${rankSql('severity', severities)} DESC, since, repository, vulnerability, package
       LIMIT ${parameters.add(maxRows)}`,
      parameters.values,
    );
  }

  /** The row with the versions that count; none if an exception or statement covers all. */
  #counted(row: FoundPackage, now: Date): FoundPackage[] {
    const { host, repository, vulnerability: id, aliases, kind, severity, type, package: packageName } = row;
    const name = `${host}/${repository}`;
    const versions = row.versions.filter(({ purl, version: installedVersion, state, fix: version }) => {
      const finding = findingOf({
        ...{ kind, id, aliases, severity, title: id, packageName, installedVersion, purl },
        ...{ fix: { state, version }, layer: null, state: 'present' },
        fingerprint: vulnerabilityFingerprint(id, { type, name: packageName }),
      });
      const image = { reference: name, repository: name, tag: null, digests: [], packages: [{ purl }] };
      return suppress([finding], image, this.evaluation.rules, now).findings.length > 0;
    });
    return versions.length === 0 ? [] : [{ ...row, versions }];
  }

  async #ownersOf(rows: readonly FoundPackage[], settings: OwnerSettings): Promise<Map<string, string | null>> {
    const newest = [...new Map(rows.map(({ repository, digest }) => [repository, { repository, digest }])).values()];
    const owners = await new Owners(settings, this.ownership).ofImages(newest);
    return new Map(newest.map(({ repository }, index) => [repository, owners[index] ?? null]));
  }
}

function describe(row: FoundPackage, owner: string | null, limits: FixLimits, now: Date): UnfixedRow {
  const { repository, vulnerability, severity, kev, epss, versions, images, running, since } = row;
  // The version that closes all that is fixable of the package helps most.
  const fixes = versions.map(({ upgrade, fix }) => upgrade ?? fix);
  return {
    ...{ owner, repository, vulnerability, severity, kev, epss, package: row.package, images, running },
    installed: [...new Set(versions.map(({ version }) => version))].toSorted(),
    fix: fixes.includes(null) ? null : [...new Set(fixes)].join(' '),
    since: since.toISOString(),
    days: Math.max(0, Math.floor((now.getTime() - since.getTime()) / dayMs)),
    limitDays: limits[severity] ?? null,
  };
}
