import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import type { Transaction } from '../core/store.js';

/** A program or library of a package, as an image has it. */
export interface PackageFile {
  purl: string;
  path: string;
  /** Hex. */
  sha256: string;
}

/** A file whose content differs from that in most other images. */
export interface OddFile extends PackageFile {
  expected: string;
  /** Known images with the expected content, and with this one; {@link maxImages} at most. */
  others: number;
  alike: number;
}

/** Images that must agree on a content before another one counts as an outlier. */
const minAgreeing = 3;
/**
 * Limit on the images stored for one content: more would only add a write for each image of the
 * fleet.
 */
const maxImages = 8;
const maxOddFiles = 500;

/** Contents of package files across the images of the fleet. */
@Injectable()
export class PackageContents {
  /** Adds the files of an image, and returns its outliers. Idempotent. */
  async compare(tx: Transaction, image: Digest, files: readonly PackageFile[]): Promise<OddFile[]> {
    if (files.length === 0) return [];
    const columns = [files.map(({ purl }) => purl), files.map(({ path }) => path), files.map(({ sha256 }) => sha256)];
    const given = `(SELECT purl, path, decode(hex, 'hex') AS sha256 FROM unnest($1::text[], $2::text[], $3::text[]) AS file (purl, path, hex)) AS given`;
    await tx.query(
      // In key order, so that two images with the same files cannot deadlock; contents with enough
      // images are not written.
      `INSERT INTO package_content AS known (purl, path, sha256, images)
       SELECT purl, path, sha256, ARRAY[$4::bigint] FROM ${given} LEFT JOIN package_content AS there USING (purl, path, sha256)
       WHERE there.images IS NULL OR (cardinality(there.images) < ${maxImages} AND NOT there.images @> ARRAY[$4::bigint])
       ORDER BY purl, path, sha256
       ON CONFLICT (purl, path, sha256) DO UPDATE SET images = known.images || EXCLUDED.images
       WHERE cardinality(known.images) < ${maxImages} AND NOT known.images @> EXCLUDED.images`,
      [...columns, shortOf(image)],
    );
    return tx.aggregate<OddFile>(
      `SELECT purl, path, encode(given.sha256, 'hex') AS sha256, encode(other.sha256, 'hex') AS expected,
         cardinality(other.images) AS others, cardinality(own.images) AS alike
       FROM ${given} JOIN package_content AS own USING (purl, path, sha256)
       JOIN LATERAL (
         SELECT known.sha256, known.images FROM package_content AS known
         WHERE (known.purl, known.path) = (given.purl, given.path) AND known.sha256 <> given.sha256
           AND cardinality(known.images) >= ${minAgreeing} AND cardinality(known.images) > cardinality(own.images)
         ORDER BY cardinality(known.images) DESC, known.sha256 LIMIT 1
       ) AS other ON true
       ORDER BY purl, path LIMIT ${maxOddFiles}`,
      columns,
    );
  }
}

/** First eight bytes of a digest, enough to count images, as a bigint of PostgreSQL. */
function shortOf(digest: Digest): string {
  return BigInt.asIntN(64, BigInt(`0x${digest.slice('sha256:'.length).slice(0, 16)}`)).toString();
}
