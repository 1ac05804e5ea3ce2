import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import {
  compareSeverity,
  type Digest,
  type Finding,
  type FixState,
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
  packageType: string;
  packageName: string;
  installedVersion: string;
  foundIn: string;
  match: 'affected' | 'unknown';
  fixState: FixState;
  fixVersion: string | null;
  advisoryId: string;
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
         fix_version AS "fixVersion", advisory.id AS "advisoryId", vulnerability_id AS "vulnerabilityId", aliases, title,
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
    return [...oncePerVulnerability(rows).map(toFinding), ...findings].toSorted(worstFirst);
  }
}

/** Two advisories about one vulnerability of one package are one finding: the one that knows a fix speaks. */
function oncePerVulnerability(rows: FindingRow[]): FindingRow[] {
  const kept = new Map<string, FindingRow>();
  for (const row of rows) {
    const key = [row.imageDigest, row.purl, row.layer, row.state, row.vulnerabilityId].join('\n');
    const other = kept.get(key);
    if (!other || preference(row) < preference(other)) kept.set(key, row);
  }
  return [...kept.values()];
}

function preference({ match, fixVersion, advisoryId }: FindingRow): string {
  return [match === 'affected' ? 0 : 1, fixVersion === null ? 1 : 0, advisoryId].join(' ');
}

function toFinding(row: FindingRow): ImageFinding {
  return {
    imageDigest: row.imageDigest,
    kind: 'vulnerability',
    id: row.vulnerabilityId,
    aliases: [...new Set([row.advisoryId, ...row.aliases])].filter((alias) => alias !== row.vulnerabilityId).toSorted(),
    severity: row.severity,
    title: row.title,
    fingerprint: fingerprint(row),
    purl: row.purl,
    packageName: row.packageName,
    installedVersion: row.installedVersion,
    path: row.foundIn,
    layer: row.layer,
    state: row.state,
    match: row.match,
    fix: { state: row.fixState, version: row.fixVersion },
    cvss: row.cvssVector !== null && row.cvssScore !== null ? { vector: row.cvssVector, score: row.cvssScore } : null,
    confidence: row.match === 'affected' ? 'certain' : 'possible',
    evidence: {},
  };
}

/** Neither version nor digest: the same hole in the next push is the same finding. */
function fingerprint({ vulnerabilityId, packageType, packageName }: FindingRow): string {
  return createHash('sha256')
    .update(['vulnerability', vulnerabilityId, packageType, packageName].join('\n'))
    .digest('hex');
}

function worstFirst(a: ImageFinding, b: ImageFinding): number {
  const order = compareSeverity(a.severity, b.severity);
  if (order !== 0) return order;
  const [left, right] = [a, b].map(({ packageName, id, purl, imageDigest, layer }) =>
    [packageName, id, purl, imageDigest, layer].join('\n'),
  );
  return left! < right! ? -1 : 1;
}
