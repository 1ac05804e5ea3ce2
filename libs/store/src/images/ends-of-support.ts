import { type DatedPackage, datedPackages, endOfLife } from '@tidewaiter/checks';
import type { Digest, Finding, OsRelease } from '@tidewaiter/domain';

import type { Store } from '../core/store.js';

/** Findings about unsupported distributions and runtimes of images; not stored, since they depend on the date. */
export async function endsOfSupport(
  store: Store,
  imageDigests: readonly Digest[],
  now: Date,
): Promise<{ imageDigest: Digest; finding: Finding }[]> {
  const systems = await store.query<{ imageDigest: Digest; os: OsRelease | null }>(
    'SELECT digest AS "imageDigest", os FROM image WHERE digest = ANY($1)',
    [imageDigests],
  );
  const packages = await store.query<DatedPackage & { imageDigest: Digest }>(
    `SELECT image_digest AS "imageDigest", layer, image_package.state, type, name, version, found_in AS "foundIn"
     FROM image_package JOIN package ON package.id = package_id
     WHERE image_digest = ANY($1) AND image_package.state = 'present'
       AND (type = ANY($2) OR name = ANY($3) OR starts_with(name, $4))`,
    [imageDigests, datedPackages.types, datedPackages.names, datedPackages.namePrefix],
  );
  const packagesOf = Map.groupBy(packages, ({ imageDigest }) => imageDigest);
  return systems.flatMap(({ imageDigest, os }) =>
    endOfLife(os, packagesOf.get(imageDigest) ?? [], now).map((finding) => ({ imageDigest, finding })),
  );
}
