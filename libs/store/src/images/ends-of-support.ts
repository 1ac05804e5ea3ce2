import { datedPackages, endOfLife } from '@tidewaiter/checks';
import type { Digest, Finding } from '@tidewaiter/domain';

import { columnsOf } from '../core/columns.js';
import type { Store } from '../core/store.js';
import { ImageRow } from './image-rows.js';
import { ImagePackageRow, PackageRow } from './package-rows.js';

const systemColumns = columnsOf(ImageRow, { only: ['digest', 'os'] });
const datedColumns = columnsOf(ImagePackageRow, {
  of: 'image_package',
  only: ['imageDigest', 'layer', 'state', 'foundIn'],
}).and(columnsOf(PackageRow, { of: 'package', only: ['type', 'name', 'version'] }));

/**
 * Findings about unsupported distributions and runtimes of images; not stored, since they depend on
 * the date.
 */
export async function endsOfSupport(
  store: Store,
  imageDigests: readonly Digest[],
  now: Date,
): Promise<{ imageDigest: Digest; finding: Finding }[]> {
  const systems = await store.rows(systemColumns, 'FROM image WHERE digest = ANY($1)', [imageDigests]);
  const packages = await store.rows(
    datedColumns,
    `FROM image_package JOIN package ON package.id = package_id
     WHERE image_digest = ANY($1) AND image_package.state = 'present'
       AND (type = ANY($2) OR name = ANY($3) OR starts_with(name, $4))`,
    [imageDigests, datedPackages.types, datedPackages.names, datedPackages.namePrefix],
  );
  const packagesOf = Map.groupBy(packages, ({ imageDigest }) => imageDigest);
  return systems.flatMap(({ digest: imageDigest, os }) =>
    endOfLife(os, packagesOf.get(imageDigest) ?? [], now).map((finding) => ({ imageDigest, finding })),
  );
}
