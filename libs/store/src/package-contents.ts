import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import type { Transaction } from './store.js';

/** A program or library of a package, as an image has it. */
export interface FleetFile {
  purl: string;
  path: string;
  /** Hex. */
  sha256: string;
}

/** A file that most other images have otherwise. */
export interface OddFile extends FleetFile {
  expected: string;
  /** Images that are known to have what is expected, and this; no more than {@link maxImages}. */
  others: number;
  alike: number;
}

/** How many images must agree to say that another one is odd. */
const minAgreeing = 3;
/** Images that are remembered for one content: more would add nothing but a write for each image of the fleet. */
const maxImages = 8;
const maxOddFiles = 500;

/** What the images of the fleet have in the place of the files of packages. */
@Injectable()
export class PackageContents {
  /** Adds what an image has, and answers what most others have otherwise. Repeating it changes nothing. */
  async compare(tx: Transaction, image: Digest, files: readonly FleetFile[]): Promise<OddFile[]> {
    if (files.length === 0) return [];
    const columns = [files.map(({ purl }) => purl), files.map(({ path }) => path), files.map(({ sha256 }) => sha256)];
    const given = `(SELECT purl, path, decode(hex, 'hex') AS sha256 FROM unnest($1::text[], $2::text[], $3::text[]) AS file (purl, path, hex)) AS given`;
    await tx.query(
      // In one order, so that two images that bring the same cannot wait for each other; what needs no more images is not touched.
      `INSERT INTO package_content AS known (purl, path, sha256, images)
       SELECT purl, path, sha256, ARRAY[$4::bigint] FROM ${given} LEFT JOIN package_content AS there USING (purl, path, sha256)
       WHERE there.images IS NULL OR (cardinality(there.images) < ${maxImages} AND NOT there.images @> ARRAY[$4::bigint])
       ORDER BY purl, path, sha256
       ON CONFLICT (purl, path, sha256) DO UPDATE SET images = known.images || EXCLUDED.images
       WHERE cardinality(known.images) < ${maxImages} AND NOT known.images @> EXCLUDED.images`,
      [...columns, shortOf(image)],
    );
    return tx.query<OddFile>(
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

/** Enough of a digest to count images by, as a bigint of PostgreSQL. */
function shortOf(digest: Digest): string {
  return BigInt.asIntN(64, BigInt(`0x${digest.slice('sha256:'.length).slice(0, 16)}`)).toString();
}
