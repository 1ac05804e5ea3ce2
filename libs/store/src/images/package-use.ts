import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import { isInArchive } from '@tidewaiter/facts';

import { columnsOf } from '../core/columns.js';
import { unnestOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { PackageUseRow } from '../workloads/workload-rows.js';
import { ImagePackageRow } from './package-rows.js';

const columns = columnsOf(PackageUseRow);
const used = unnestOf(PackageUseRow, ['imageDigest', 'package', 'how', 'firstSeen', 'lastSeen']);
const inside = columnsOf(ImagePackageRow, { only: ['imageDigest', 'foundIn'] }).computed<{ package: string }>({
  package: 'name',
});

/** A package of an image that was seen to be executed or loaded. */
export type UsedPackage = PackageUseRow;

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
  async put(tx: Transaction, uses: readonly UsedPackage[]): Promise<void> {
    if (uses.length === 0) return;
    await tx.query(
      // In key order, so that two writers of the same packages cannot deadlock.
      `INSERT INTO package_use AS known (${used.columns})
       SELECT "imageDigest", package, how, min("firstSeen"), max("lastSeen") FROM ${used.table}
       GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
       ON CONFLICT (image_digest, package, how) DO UPDATE SET
         first_seen = least(known.first_seen, EXCLUDED.first_seen), last_seen = greatest(known.last_seen, EXCLUDED.last_seen)`,
      used.parameters(uses),
    );
  }

  /** The packages inside archives that were used. */
  async packagesIn(tx: Transaction, archives: readonly UsedArchive[]): Promise<UsedPackage[]> {
    if (archives.length === 0) return [];
    const packages = await tx.rows(
      inside,
      (list) => `SELECT DISTINCT ${list}
       FROM image_package JOIN package ON package.id = package_id
       WHERE image_digest = ANY($1) AND image_package.state = 'present' AND found_in ~* '\\.(jar|war|ear)(!/|$)'`,
      [[...new Set(archives.map(({ imageDigest }) => imageDigest))]],
    );
    return archives.flatMap(({ imageDigest, archive, firstSeen, lastSeen }) =>
      packages
        .filter((each) => each.imageDigest === imageDigest && isInArchive(`/${each.foundIn}`, archive))
        .map((each) => ({ imageDigest, package: each.package, how: 'loaded' as const, firstSeen, lastSeen })),
    );
  }

  /** The packages of some images that were used, last seen first. */
  async of(digests: readonly Digest[]): Promise<UsedPackage[]> {
    return this.store.rows(
      columns,
      'FROM package_use WHERE image_digest = ANY($1) ORDER BY last_seen DESC, package, how',
      [digests],
    );
  }
}
