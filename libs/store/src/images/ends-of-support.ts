import { endOfLifeFeed } from '@tidewaiter/advisories';
import {
  type DatedPackage,
  datedPackages,
  datedProducts,
  endOfLife,
  knownProducts,
  lifecyclesOf,
  lifecycleVersion,
  type PublishedReleases,
  publishedName,
} from '@tidewaiter/checks';
import type { Digest, Finding } from '@tidewaiter/domain';

import { AdvisoryFeedRow, EndOfLifeRow } from '../advisories/advisory-rows.js';
import { columnsOf, type RowOf } from '../core/columns.js';
import type { Store } from '../core/store.js';
import { ImageRow } from './image-rows.js';
import { ImagePackageRow, PackageRow } from './package-rows.js';

const packageColumns = columnsOf(ImagePackageRow, {
  of: 'image_package',
  only: ['layer', 'state', 'foundIn'],
}).and(columnsOf(PackageRow, { of: 'package', only: ['type', 'name', 'version'] }));
/** Parts of an image for which a support may end. */
const datedColumns = columnsOf(ImageRow, { of: 'image', only: ['digest', 'os'] }).computed<{
  packages: DatedPackage[];
}>({
  packages: `(SELECT coalesce(json_agg(dated), '[]') FROM (
    SELECT ${packageColumns} FROM image_package JOIN package ON package.id = package_id
    WHERE image_digest = image.digest AND image_package.state = 'present'
      AND (type = ANY($2) OR name = ANY($3) OR starts_with(name, $4))) AS dated)`,
});

const feedColumns = columnsOf(AdvisoryFeedRow, { only: ['asOf'] });
const releaseColumns = columnsOf(EndOfLifeRow, { only: ['product', 'title', 'releases'] });

/**
 * Findings about unsupported distributions and runtimes of images; not stored, since they depend on
 * the date.
 */
export async function endsOfSupport(
  store: Store,
  imageDigests: readonly Digest[],
  now: Date,
): Promise<{ imageDigest: Digest; finding: Finding }[]> {
  const images = await datedImages(store, imageDigests);
  const products = images.flatMap(({ os, packages }) => datedProducts(os, packages));
  const lifecycles = lifecyclesOf(await publishedReleases(store, products));
  return images.flatMap(({ digest: imageDigest, os, packages }) =>
    endOfLife(os, packages, now, lifecycles).map((finding) => ({ imageDigest, finding })),
  );
}

/** Whether a support may end for any of these images. */
export async function haveDatedProducts(store: Store, imageDigests: readonly Digest[]): Promise<boolean> {
  const images = await datedImages(store, imageDigests);
  return images.some(({ os, packages }) => datedProducts(os, packages).length > 0);
}

/** Version of the data that {@link endsOfSupport} depends on, and of the day. */
export async function endsOfSupportVersion(store: Store, now: Date): Promise<string> {
  // The data has the time of its last change, so that a sync without news changes no version.
  const [published] = await store.aggregate<{ version: string }>(
    `SELECT to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '/' || coalesce((
       SELECT max(day)::text FROM end_of_life, unnest(end_days) AS day WHERE product = ANY($2) AND day < $3::date), '') AS version
     FROM advisory_feed WHERE name = $1`,
    [endOfLifeFeed, knownProducts.map(publishedName), now.toISOString().slice(0, 10)],
  );
  return lifecycleVersion(now, published?.version ?? '');
}

async function publishedReleases(store: Store, products: readonly string[]): Promise<PublishedReleases | null> {
  if (products.length === 0) return null;
  const [feed] = await store.rows(feedColumns, 'FROM advisory_feed WHERE name = $1', [endOfLifeFeed]);
  if (!feed) return null;
  const names = [...new Set(products.map(publishedName))];
  return {
    asOf: feed.asOf.toISOString(),
    products: await store.rows(releaseColumns, 'FROM end_of_life WHERE product = ANY($1)', [names]),
  };
}

async function datedImages(store: Store, imageDigests: readonly Digest[]): Promise<RowOf<typeof datedColumns>[]> {
  const { types, names, namePrefix } = datedPackages;
  return store.rows(datedColumns, 'FROM image WHERE digest = ANY($1)', [imageDigests, types, names, namePrefix]);
}
