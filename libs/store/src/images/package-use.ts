import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import { isInArchive } from '@tidewaiter/facts';

import { Store, type Transaction } from '../core/store.js';

/** A package of an image that was seen to be executed or loaded. */
export interface UsedPackage {
  imageDigest: Digest;
  /** Package name, as the owner of files in the image's manifest. */
  package: string;
  how: 'executed' | 'loaded';
  firstSeen: Date;
  lastSeen: Date;
}

/** A Java archive of an image that a process was started with, or read. */
export interface UsedArchive {
  imageDigest: Digest;
  /** Its path, or a pattern for several. @see isInArchive */
  archive: string;
  firstSeen: Date;
  lastSeen: Date;
}

/** Packages of images that are in use. */
@Injectable()
export class PackageUses {
  constructor(private readonly store: Store) {}

  /** Records the use of packages; a repeated call only updates `last_seen`. */
  async put(tx: Transaction, used: readonly UsedPackage[]): Promise<void> {
    if (used.length === 0) return;
    await tx.query(
      // In key order, so that two writers of the same packages cannot deadlock.
      `INSERT INTO package_use AS known (image_digest, package, how, first_seen, last_seen)
       SELECT digest, package, how, min(first_seen), max(last_seen)
       FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS row (digest, package, how, first_seen, last_seen)
       GROUP BY digest, package, how ORDER BY digest, package, how
       ON CONFLICT (image_digest, package, how) DO UPDATE SET
         first_seen = least(known.first_seen, EXCLUDED.first_seen), last_seen = greatest(known.last_seen, EXCLUDED.last_seen)`,
      [
        used.map(({ imageDigest }) => imageDigest),
        used.map((each) => each.package),
        used.map(({ how }) => how),
        used.map(({ firstSeen }) => firstSeen),
        used.map(({ lastSeen }) => lastSeen),
      ],
    );
  }

  /** The packages inside archives that were used. */
  async packagesIn(tx: Transaction, used: readonly UsedArchive[]): Promise<UsedPackage[]> {
    if (used.length === 0) return [];
    const inside = await tx.query<{ imageDigest: Digest; package: string; foundIn: string }>(
      `SELECT DISTINCT image_digest AS "imageDigest", name AS package, found_in AS "foundIn"
       FROM image_package JOIN package ON package.id = package_id
       WHERE image_digest = ANY($1) AND image_package.state = 'present' AND found_in ~* '\\.(jar|war|ear)(!/|$)'`,
      [[...new Set(used.map(({ imageDigest }) => imageDigest))]],
    );
    return used.flatMap(({ imageDigest, archive, firstSeen, lastSeen }) =>
      inside
        .filter((each) => each.imageDigest === imageDigest && isInArchive(`/${each.foundIn}`, archive))
        .map((each) => ({ imageDigest, package: each.package, how: 'loaded', firstSeen, lastSeen })),
    );
  }

  /** The packages of some images that were used, last seen first. */
  async of(digests: readonly Digest[]): Promise<UsedPackage[]> {
    return this.store.query<UsedPackage>(
      `SELECT image_digest AS "imageDigest", package, how, first_seen AS "firstSeen", last_seen AS "lastSeen" FROM package_use
       WHERE image_digest = ANY($1) ORDER BY last_seen DESC, package, how`,
      [digests],
    );
  }
}
