import { Injectable } from '@nestjs/common';
import type { AdvisoryKey } from '@tidewaiter/advisories';
import type { Digest, Finding, FindingKind, ImagePackage, Layer, LayerClaim, OsRelease } from '@tidewaiter/domain';
import type { StoredConfig } from '@tidewaiter/integrity';
import { imageLimits } from '@tidewaiter/oci';

import { columnsOf, type RowOf } from '../core/columns.js';
import { excluded, recordsetOf, unnestOf, valuesOf } from '../core/row-sets.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { isAnyRunning } from '../workloads/workload-ledger.js';
import { ImageRow, type PushWarning } from './image-rows.js';
import { ImageLayerRow, LayerRow } from './layer-rows.js';
import { ImagePackageRow, PackageRow } from './package-rows.js';
import type { RepositoryPlace } from './pushes/pushes.js';
import { isLayerRead } from './read-layers.js';
import { lockReferences } from './reference-lock.js';

/** An image as its manifest and config describe it. */
export interface NewImage extends Pick<
  ImageRow,
  'digest' | 'mediaType' | 'configDigest' | 'platform' | 'user' | 'labels' | 'configVersion'
> {
  /** ISO 8601. */
  createdAt: string | null;
  baseCreatedAt: string | null;
  layers: Layer[];
  /** Configuration without possible secrets; absent if it was not read. */
  config?: StoredConfig;
  /** Findings about the configuration. */
  findings: Finding[];
}

/** Columns of an image without its configuration. */
export const imageColumns = columnsOf(ImageRow, {
  of: 'image',
  omit: ['config', 'newestPushId', 'pushedAt', 'hiddenContents'],
});

/** An image without its configuration. */
export type Image = RowOf<typeof imageColumns>;

/** Result of analyzing a layer. */
export type LayerResult = Pick<LayerRow, 'facts' | 'entries' | 'entryCount' | 'uncompressedBytes'>;

/**
 * Stored analysis of a layer of an image; null until it was read from the blob that the image
 * names.
 */
export interface StoredLayer {
  analyzersVersion: string | null;
  facts: Buffer | null;
  entries: Buffer | null;
  entryCount: number;
}

/** Packages and properties of an image, merged from its layers. */
export interface StoredInventory {
  os: OsRelease | null;
  packages: EvaluatedPackage[];
  warnings: PushWarning[];
  findings: Finding[];
  /** Kinds of findings that were not looked for. */
  notEvaluated: FindingKind[];
  /** Indexes of the layers that could not be read; none unless given. */
  unreadLayers?: number[];
  /** Encoded names of the code in the programs of each layer that has some; none unless given. */
  linkedPrograms?: Pick<LayerRow, 'diffId' | 'linkedPrograms'>[];
}

/** Limit on the packed facts of an image; those of real images are below ten megabytes. */
const maxFactBytes = 128 * 1024 * 1024;

/** Size of the piece of a layer's entries in one row. */
const pieceBytes = 1024 * 1024;

/** A package of an image, with the key of the advisories that evaluate it. */
export interface EvaluatedPackage extends ImagePackage {
  /** Null if no advisories evaluate it. */
  key: AdvisoryKey | null;
}

const placedColumns = imageColumns.computed<{ isOfPush: boolean }>({ isOfPush: 'held.is_of_push' });
const configColumns = columnsOf(ImageRow, { only: ['digest', 'config'] });
const unreadIndexes = columnsOf(ImageLayerRow, { only: ['index'] });
const layerColumns = columnsOf(ImageLayerRow, {
  of: 'image_layer',
  only: ['index', 'diffId', 'sizeBytes', 'mediaType', 'createdBy'],
}).computed<{ digest: Digest }>({ digest: 'image_layer.blob_digest' });

/** A layer as the manifest and history of an image name it. */
export type ListedLayer = RowOf<typeof layerColumns>;

const pieceColumns = layerColumns
  .and(columnsOf(ImageLayerRow, { of: 'image_layer', only: ['imageDigest'] }))
  .computed<StoredLayer & { start: number; isTooLarge: boolean }>({
    analyzersVersion: 'layer.analyzers_version',
    entryCount: 'coalesce(layer.entry_count, 0)',
    facts: 'CASE start WHEN 1 THEN facts END',
    entries: 'CASE WHEN start > 0 THEN substring(entries FROM start FOR $2) END',
    start: 'start',
    isTooLarge: 'start = 0',
  });
const packageColumns = columnsOf(PackageRow, {
  of: 'package',
  only: ['purl', 'type', 'name', 'version', 'arch', 'licenses'],
})
  .and(columnsOf(ImagePackageRow, { of: 'image_package', only: ['imageDigest', 'foundIn', 'layer', 'state'] }))
  .computed<Pick<ImagePackage, 'source'>>({
    source: "json_build_object('name', source_name, 'version', source_version)",
  });

const newImage = valuesOf(ImageRow, [
  'digest',
  'mediaType',
  'configDigest',
  'platform',
  'createdAt',
  'labels',
  'baseCreatedAt',
  'user',
  'config',
  'configVersion',
]);
const newLayers = unnestOf(ImageLayerRow, [
  'imageDigest',
  'index',
  'diffId',
  'blobDigest',
  'mediaType',
  'sizeBytes',
  'createdBy',
]);
const analyzedLayer = valuesOf(LayerRow, [
  'diffId',
  'analyzersVersion',
  'facts',
  'entries',
  'entryCount',
  'uncompressedBytes',
]);

/** Images, their layers and the packages in them. */
@Injectable()
export class Images {
  constructor(private readonly store: Store) {}

  async get(digest: Digest): Promise<Image | null> {
    const [image] = await this.store.rows(imageColumns, 'FROM image WHERE digest = $1', [digest]);
    return image ?? null;
  }

  /** The images of a push, by platform. */
  async ofPush(pushId: string): Promise<Image[]> {
    return this.store.rows(
      imageColumns,
      'FROM image JOIN push_image ON image_digest = digest WHERE push_id = $1 ORDER BY platform, digest',
      [pushId],
    );
  }

  /** Images of a pushed digest: the image itself, or those of an index. */
  async ofDigest(digest: Digest): Promise<Image[]> {
    return this.store.rows(
      imageColumns,
      `FROM image WHERE digest IN (
         SELECT image_digest FROM push_image JOIN push ON push.id = push_id WHERE push.digest = $1 UNION SELECT $1)
       ORDER BY platform, digest`,
      [digest],
    );
  }

  /** {@link ofPush} and {@link ofDigest} together; none of a digest that is null. */
  async ofPushAndDigest(pushId: string, digest: Digest | null): Promise<{ ofPush: Image[]; ofDigest: Image[] }> {
    const rows = await this.store.rows(
      placedColumns,
      `FROM (
         SELECT image_digest, true AS is_of_push FROM push_image WHERE push_id = $1
         UNION ALL SELECT image_digest, false FROM (
           SELECT image_digest FROM push_image JOIN push ON push.id = push_id WHERE push.digest = $2 UNION SELECT $2) AS other
       ) AS held JOIN image ON image.digest = image_digest ORDER BY platform, image.digest`,
      [pushId, digest],
    );
    const of = (wanted: boolean) =>
      rows.filter((row) => row.isOfPush === wanted).map(({ isOfPush: _, ...image }) => image);
    return { ofPush: of(true), ofDigest: of(false) };
  }

  /** Adds images with their layers; updates labels, config and findings of existing ones. */
  async add(tx: Transaction, images: readonly NewImage[]): Promise<void> {
    await lockReferences(tx, 'shared');
    // In one order, so that two indexes that list the same images in another one cannot deadlock.
    for (const image of images.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))) {
      const [added] = await tx.aggregate<{ isNew: boolean }>(
        `INSERT INTO image (${newImage.columns}) VALUES (${newImage.values})
         ON CONFLICT (digest) DO UPDATE SET ${excluded(ImageRow, ['labels', 'baseCreatedAt', 'user', 'configVersion'])},
           config = coalesce(EXCLUDED.config, image.config)
         RETURNING xmax = 0 AS "isNew"`,
        newImage.parameters({ ...image, config: image.config ?? null }),
      );
      await this.#addLayers(tx, image);
      // Rules for secrets and misconfigurations may have changed since the last push.
      if (!added!.isNew)
        await tx.query(`DELETE FROM image_finding WHERE image_digest = $1 AND source = 'config'`, [image.digest]);
      await addFindings(tx, image.digest, 'config', image.findings);
    }
  }

  async #addLayers(tx: Transaction, image: NewImage): Promise<void> {
    await tx.query(
      `INSERT INTO image_layer (${newLayers.columns}) SELECT ${newLayers.values} FROM ${newLayers.table}
       ON CONFLICT (image_digest, index) DO UPDATE SET created_by = EXCLUDED.created_by`,
      newLayers.parameters(
        image.layers.map(({ digest, createdBy = null, ...layer }) => ({
          ...layer,
          imageDigest: image.digest,
          blobDigest: digest,
          createdBy,
        })),
      ),
    );
  }

  /** The media type of a layer in a repository; null where no image of it names the layer. */
  async mediaTypeIn(
    { connection, repository }: RepositoryPlace,
    { blobDigest, sizeBytes, diffId }: LayerClaim,
  ): Promise<string | null> {
    const [row] = await this.store.aggregate<{ mediaType: string | null }>(
      `SELECT min(image_layer.media_type) AS "mediaType"
       FROM image_layer JOIN push_image USING (image_digest) JOIN push ON push.id = push_id
       WHERE (blob_digest, size_bytes, diff_id) = ($1, $2, $3) AND (connection, repository) = ($4, $5)`,
      [blobDigest, sizeBytes, diffId, connection, repository],
    );
    return row?.mediaType ?? null;
  }

  async isLayerRead({ blobDigest, sizeBytes, diffId }: LayerClaim, analyzersVersion: string): Promise<boolean> {
    const rows = await this.store.query(
      `SELECT FROM (VALUES ($1, $2::bigint, $3)) AS image_layer (blob_digest, size_bytes, diff_id) WHERE ${isLayerRead('$4')}`,
      [blobDigest, sizeBytes, diffId, analyzersVersion],
    );
    return rows.length > 0;
  }

  /** Indexes of the layers of an image that these analyzers have not read. */
  async unreadIndexes(digest: Digest, analyzersVersion: string): Promise<number[]> {
    const rows = await this.store.rows(
      unreadIndexes,
      `FROM image_layer WHERE image_digest = $1 AND NOT ${isLayerRead('$2')} ORDER BY index`,
      [digest, analyzersVersion],
    );
    return rows.map(({ index }) => index);
  }

  /**
   * Whether the images of a push were analyzed with every layer read by now; another process may
   * have read one meanwhile.
   */
  async areUpToDate(tx: Transaction, pushId: string, analyzersVersion: string): Promise<boolean> {
    const outdated = await tx.query(
      `SELECT FROM push_image JOIN image ON image.digest = image_digest JOIN image_layer USING (image_digest)
       WHERE push_id = $1 AND index = ANY(unread_layers) AND ${isLayerRead('$2')} LIMIT 1`,
      [pushId, analyzersVersion],
    );
    return outdated.length === 0;
  }

  /** Stores the analysis of a layer, and that this blob unpacks to it. */
  async layerAnalyzed(
    tx: Transaction,
    claim: LayerClaim,
    analyzersVersion: string,
    result: LayerResult,
  ): Promise<void> {
    const { blobDigest, sizeBytes, diffId } = claim;
    await tx.query(
      `INSERT INTO layer (${analyzedLayer.columns}) VALUES (${analyzedLayer.values})
       ON CONFLICT (diff_id) DO UPDATE SET ${excluded(LayerRow, ['analyzersVersion', 'facts', 'entries', 'entryCount', 'uncompressedBytes'])},
         path_keys = NULL, linked_programs = NULL, content_keys = nullif(layer.content_keys, '{}'), analyzed_at = now()`,
      analyzedLayer.parameters({ ...result, diffId, analyzersVersion }),
    );
    await tx.query(
      'INSERT INTO layer_blob (blob_digest, size_bytes, diff_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [blobDigest, sizeBytes, diffId],
    );
  }

  /**
   * Layers of an image from the bottom, including unread ones; null if they have more entries than
   * this, or more facts than fit into memory.
   */
  async layers(
    digest: Digest,
    maxEntries: number = imageLimits.maxImageEntries,
  ): Promise<(Layer & StoredLayer)[] | null> {
    const known = await this.layersOf([digest], maxEntries);
    return known.get(digest) ?? null;
  }

  /** {@link layers} of several images; those that are too large are left out. */
  async layersOf(digests: readonly Digest[], maxEntries: number): Promise<Map<Digest, (Layer & StoredLayer)[]>> {
    // Read in pieces: bytea arrives as hex, of which the driver holds several copies of a row, half
    // a gigabyte for a million entries. Images that are too large have one empty row a layer.
    const pieces = await this.store.rows(
      pieceColumns,
      (list) => `WITH too_large AS MATERIALIZED (
         SELECT image_digest FROM image_layer JOIN layer_blob USING (blob_digest, size_bytes, diff_id) JOIN layer USING (diff_id)
         WHERE image_digest = ANY($1) GROUP BY image_digest
         HAVING sum(entry_count) > $3 OR sum(octet_length(facts)) > ${maxFactBytes})
       SELECT ${list} FROM image_layer
       -- A manifest may claim any diffID: only a blob that was found to hold it speaks for the layer.
       LEFT JOIN layer_blob USING (blob_digest, size_bytes, diff_id) LEFT JOIN layer ON layer.diff_id = layer_blob.diff_id
       LEFT JOIN too_large USING (image_digest), LATERAL (SELECT CASE WHEN too_large IS NULL THEN 1 ELSE 0 END AS piece) AS first,
       generate_series(first.piece, first.piece * greatest(octet_length(entries), 1), $2) AS start
       WHERE image_digest = ANY($1)`,
      [digests, pieceBytes, maxEntries],
    );
    pieces.sort((a, b) => a.index - b.index || a.start - b.start);
    const byImage = Map.groupBy(pieces, ({ imageDigest }) => imageDigest);
    const tooLarge = new Set(pieces.filter(({ isTooLarge }) => isTooLarge).map(({ imageDigest }) => imageDigest));
    const wanted = digests.filter((digest) => !tooLarge.has(digest));
    return new Map(
      wanted.map((digest) => {
        const layers = Map.groupBy(byImage.get(digest) ?? [], ({ index }) => index);
        return [digest, [...layers.values()].map(joined)];
      }),
    );
  }

  /** Configuration of an image; null for images older than this field. */
  async configOf(digest: Digest): Promise<StoredConfig | null> {
    return (await this.configsOf([digest])).get(digest) ?? null;
  }

  /** {@link configOf} several images. */
  async configsOf(digests: readonly Digest[]): Promise<Map<Digest, StoredConfig | null>> {
    const images = await this.store.rows(configColumns, 'FROM image WHERE digest = ANY($1)', [digests]);
    return new Map(images.map(({ digest, config }) => [digest, config]));
  }

  /**
   * Whether a workload runs one of some images, or did in the last day; undefined while no sensor
   * reports containers.
   */
  async areRunning(digests: readonly Digest[]): Promise<boolean | undefined> {
    return isAnyRunning(this.store, digests);
  }

  /** Layers of an image from the bottom, without their analysis. */
  async layerList(digest: Digest): Promise<ListedLayer[]> {
    return this.store.rows(layerColumns, 'FROM image_layer WHERE image_digest = $1 ORDER BY index', [digest]);
  }

  /** Replaces the inventory of an image. */
  async analyzed(tx: Transaction, digest: Digest, analyzersVersion: string, inventory: StoredInventory): Promise<void> {
    await lockReferences(tx, 'shared');
    // First of all, as the lock of its row makes another analysis of the image wait.
    const [before] = await tx.aggregate<{ hasInventory: boolean }>(
      `UPDATE image SET os = $2, warnings = $3, analyzers_version = $4, not_evaluated = $5, unread_layers = $6, analyzed_at = now()
       FROM (SELECT analyzers_version FROM image WHERE digest = $1 FOR NO KEY UPDATE) AS before
       WHERE digest = $1 RETURNING before.analyzers_version IS NOT NULL AS "hasInventory"`,
      [
        digest,
        json(inventory.os),
        json(inventory.warnings),
        analyzersVersion,
        inventory.notEvaluated,
        inventory.unreadLayers ?? [],
      ],
    );
    if (before?.hasInventory) {
      await tx.query('DELETE FROM image_package WHERE image_digest = $1', [digest]);
      await tx.query(`DELETE FROM image_finding WHERE image_digest = $1 AND source = 'layers'`, [digest]);
    }
    await addPackages(tx, digest, inventory.packages);
    // Images with the same layers are stored at the same time: in one order, against deadlocks.
    const linked = (inventory.linkedPrograms ?? []).toSorted((a, b) => (a.diffId < b.diffId ? -1 : 1));
    for (const { diffId, linkedPrograms } of linked) {
      const changed = 'UPDATE layer SET linked_programs = $2 WHERE diff_id = $1 AND linked_programs IS NULL';
      await tx.query(changed, [diffId, linkedPrograms]);
    }
    await addFindings(tx, digest, 'layers', inventory.findings);
  }

  async packageCount(digest: Digest): Promise<number> {
    const [row] = await this.store.aggregate<{ packages: number }>(
      'SELECT count(*)::int AS packages FROM image_package WHERE image_digest = $1',
      [digest],
    );
    return row?.packages ?? 0;
  }

  /** The packages of an image, by purl. */
  async packages(digest: Digest): Promise<ImagePackage[]> {
    return (await this.packagesOf([digest])).get(digest) ?? [];
  }

  /** {@link packages} of several images; one without any is left out. */
  async packagesOf(digests: readonly Digest[]): Promise<Map<Digest, ImagePackage[]>> {
    const rows = await this.store.rows(
      packageColumns,
      'FROM image_package JOIN package ON package.id = package_id WHERE image_digest = ANY($1) ORDER BY purl, layer',
      [digests],
    );
    const packages = new Map<Digest, ImagePackage[]>();
    for (const { imageDigest, ...row } of rows) {
      const each = hasArch(row) ? row : { ...row, arch: undefined };
      const own = packages.get(imageDigest);
      if (own) own.push(each);
      else packages.set(imageDigest, [each]);
    }
    return packages;
  }
}

/** Most packages have an architecture, so that their rows need no copy. */
function hasArch<Row extends { arch: string | null }>(row: Row): row is Row & { arch: string } {
  return row.arch !== null;
}

/** Joins the pieces of a layer, in their order. */
function joined(pieces: readonly RowOf<typeof pieceColumns>[]): Layer & StoredLayer {
  const { start: _, isTooLarge: __, imageDigest: ___, createdBy, ...layer } = pieces[0]!;
  const isRead = layer.entries !== null;
  return {
    ...layer,
    ...(createdBy !== null && { createdBy }),
    entries: isRead ? Buffer.concat(pieces.map(({ entries }) => entries!)) : null,
  };
}

const newPackages = recordsetOf(PackageRow, [
  'purl',
  'type',
  'name',
  'version',
  'arch',
  'sourceName',
  'sourceVersion',
  'licenses',
  'ecosystem',
  'release',
  'otherReleases',
  'advisoryNames',
  'qualifiers',
]);

async function addPackages(tx: Transaction, digest: Digest, packages: readonly EvaluatedPackage[]): Promise<void> {
  const rows = newPackages.parameters(
    packages.map(({ source, key, arch = null, qualifiers = null, ...each }) => ({
      ...each,
      arch,
      qualifiers,
      sourceName: source.name,
      sourceVersion: source.version,
      ecosystem: key?.ecosystem ?? null,
      release: key?.release ?? null,
      otherReleases: key?.otherReleases ?? [],
      advisoryNames: key?.names ?? [],
    })),
  );
  await tx.query(
    // Known packages are left out before the conflict, which locks its row until the end of the
    // transaction: all images of a base would wait for each other.
    `INSERT INTO package (${newPackages.columns})
     SELECT DISTINCT ON (purl, "sourceName", "sourceVersion") ${newPackages.values} FROM ${newPackages.table}
     WHERE NOT EXISTS (
       SELECT FROM package AS known
       WHERE package_identity(known.purl, known.source_name, known.source_version) = package_identity(given.purl, "sourceName", "sourceVersion")
         AND (known.ecosystem IS NOT NULL OR given.ecosystem IS NULL))
     ORDER BY purl, "sourceName", "sourceVersion"
     -- A package that no advisories evaluated may be evaluated by now; an image cannot undo that for others.
     ON CONFLICT (package_identity(purl, source_name, source_version)) DO UPDATE SET
       ${excluded(PackageRow, ['ecosystem', 'release', 'otherReleases', 'advisoryNames', 'qualifiers'])}
     WHERE package.ecosystem IS NULL AND EXCLUDED.ecosystem IS NOT NULL`,
    rows,
  );
  await tx.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
     SELECT $1, package.id, row.layer, row.state, row."foundIn"
     FROM jsonb_to_recordset($2) AS row (purl text, "sourceName" text, "sourceVersion" text, layer int, state text, "foundIn" text)
     JOIN package ON package_identity(package.purl, source_name, source_version) = package_identity(row.purl, "sourceName", "sourceVersion")
     ON CONFLICT DO NOTHING`,
    [digest, ...rows],
  );
}

async function addFindings(
  tx: Transaction,
  digest: Digest,
  source: 'config' | 'layers',
  findings: readonly Finding[],
): Promise<void> {
  if (findings.length === 0) return;
  await tx.query(
    `INSERT INTO image_finding (image_digest, fingerprint, source, finding)
     SELECT $1, finding ->> 'fingerprint', $2, finding FROM jsonb_array_elements($3::jsonb) AS finding ON CONFLICT DO NOTHING`,
    [digest, source, json(findings)],
  );
}
