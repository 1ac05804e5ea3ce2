import { Injectable } from '@nestjs/common';
import {
  theOneThatSpeaks,
  type Vulnerability,
  vulnerabilityFinding,
  type VulnerablePackage,
} from '@tidewaiter/advisories';
import {
  compareSeverity,
  type Digest,
  type Finding,
  type FixState,
  type PackageType,
  type Presence,
  type Severity,
} from '@tidewaiter/domain';

import { Store } from './store.js';

/** A finding, and the image of a push that has it. */
export interface ImageFinding extends Finding {
  imageDigest: Digest;
}

interface FindingRow {
  imageDigest: Digest;
  layer: number;
  state: Presence;
  purl: string;
  packageType: PackageType;
  packageName: string;
  installedVersion: string;
  foundIn: string;
  match: 'affected' | 'unknown';
  fixState: FixState;
  fixVersion: string | null;
  advisoryId: string;
  published: Date | null;
  vulnerabilityId: string;
  aliases: string[];
  title: string;
  severity: Severity;
  cvssVector: string | null;
  cvssScore: number | null;
}

/** What is wrong with images. Vulnerabilities alone are not stored by image: they follow from packages and matches. */
@Injectable()
export class Findings {
  constructor(private readonly store: Store) {}

  /** The findings of some images, worst first. */
  async of(imageDigests: readonly Digest[]): Promise<ImageFinding[]> {
    if (imageDigests.length === 0) return [];
    const rows = await this.store.query<FindingRow>(
      `SELECT image_digest AS "imageDigest", layer, image_package.state, purl, type AS "packageType", package.name AS "packageName",
         version AS "installedVersion", found_in AS "foundIn", package_match.state AS match, fix_state AS "fixState",
         fix_version AS "fixVersion", advisory.id AS "advisoryId", published, vulnerability_id AS "vulnerabilityId", aliases, title,
         coalesce(package_match.severity, nullif(advisory.severity, 'unknown'), elsewhere.severity, 'unknown') AS severity,
         coalesce(cvss_vector, elsewhere.vector) AS "cvssVector", coalesce(cvss_score, elsewhere.score) AS "cvssScore"
       FROM image_package
       JOIN package ON package.id = package_id
       JOIN package_match USING (package_id)
       JOIN advisory ON advisory.id = advisory_id
       -- A distribution's advisory often has no severity of its own; then the worst that others give the same vulnerability.
       LEFT JOIN LATERAL (
         SELECT other.severity, other.cvss_vector AS vector, other.cvss_score AS score FROM advisory AS other
         WHERE package_match.severity IS NULL AND advisory.severity = 'unknown' AND other.withdrawn IS NULL
           AND other.vulnerability_id = ANY(advisory.aliases || advisory.vulnerability_id) AND other.severity <> 'unknown'
         ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low', 'negligible'], other.severity), other.id LIMIT 1
       ) AS elsewhere ON true
       WHERE image_digest = ANY($1) AND advisory.withdrawn IS NULL`,
      [imageDigests],
    );
    const others = await this.store.query<{ imageDigest: Digest; finding: Finding }>(
      'SELECT image_digest AS "imageDigest", finding FROM image_finding WHERE image_digest = ANY($1)',
      [imageDigests],
    );
    const findings = others.map(({ imageDigest, finding }) => ({ ...finding, imageDigest }));
    const vulnerabilities = oncePerVulnerability(rows).map(({ imageDigest, vulnerability, pkg }) => ({
      ...vulnerabilityFinding(vulnerability, pkg),
      imageDigest,
    }));
    return [...vulnerabilities, ...findings].toSorted(worstFirst);
  }
}

/** What one advisory says of one package of one image. */
interface Sighting {
  imageDigest: Digest;
  pkg: VulnerablePackage;
  vulnerability: Vulnerability;
}

/** Two advisories about one vulnerability of one package are one finding. */
function oncePerVulnerability(rows: readonly FindingRow[]): Sighting[] {
  const kept = new Map<string, Sighting>();
  for (const sighting of rows.map(toSighting)) {
    const { imageDigest, pkg, vulnerability } = sighting;
    const key = [imageDigest, pkg.purl, pkg.layer, pkg.state, vulnerability.id].join('\n');
    const known = kept.get(key)?.vulnerability ?? vulnerability;
    kept.set(key, { ...sighting, vulnerability: theOneThatSpeaks(known, vulnerability) });
  }
  return [...kept.values()];
}

function toSighting(row: FindingRow): Sighting {
  const { imageDigest, advisoryId, aliases, severity, title, match, cvssVector: vector, cvssScore: score } = row;
  return {
    imageDigest,
    pkg: {
      type: row.packageType,
      name: row.packageName,
      version: row.installedVersion,
      purl: row.purl,
      foundIn: row.foundIn,
      layer: row.layer,
      state: row.state,
    },
    vulnerability: {
      id: row.vulnerabilityId,
      advisoryId,
      published: row.published?.toISOString() ?? null,
      aliases,
      severity,
      title,
      match,
      fix: { state: row.fixState, version: row.fixVersion },
      cvss: vector !== null && score !== null ? { vector, score } : null,
    },
  };
}

function worstFirst(a: ImageFinding, b: ImageFinding): number {
  const order = compareSeverity(a.severity, b.severity);
  if (order !== 0) return order;
  const [left, right] = [a, b].map(({ packageName, id, purl, imageDigest, layer }) =>
    [packageName, id, purl, imageDigest, layer].join('\n'),
  );
  return left! < right! ? -1 : 1;
}
