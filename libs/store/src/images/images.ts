import { Injectable } from '@nestjs/common';
import type { AdvisoryKey } from '@tidewaiter/advisories';
import type {
  Digest,
  Finding,
  FindingKind,
  ImagePackage,
  Layer,
  LayerClaim,
  OsRelease,
  Platform,
} from '@tidewaiter/domain';
import type { StoredConfig } from '@tidewaiter/integrity';

import type { Page } from '../core/page.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { isAnyRunning } from '../workloads/workload-ledger.js';
import type { RepositoryPlace, PushWarning } from './pushes/pushes.js';
import { isLayerRead } from './read-layers.js';

/** An image as its manifest and config describe it. */
export interface NewImage {
  digest: Digest;
  mediaType: string;
  configDigest: Digest;
  platform: Platform;
  createdAt: string | null;
  /** Creation time of its lowest layer, if its history is plausible. */
  baseCreatedAt: string | null;
  /** User that it runs as; empty for root, null for images older than this field. */
  user: string | null;
  labels: Record<string, string>;
  layers: Layer[];
  /** Configuration without possible secrets; absent if it was not read. */
  config?: StoredConfig;
  /** Findings about the configuration. */
  findings: Finding[];
  /** Version of the checks that produced the findings; null if none ran. */
  configVersion: string | null;
}

export interface Image extends Omit<NewImage, 'createdAt' | 'baseCreatedAt' | 'layers' | 'config' | 'findings'> {
  createdAt: Date | null;
  baseCreatedAt: Date | null;
  os: OsRelease | null;
  warnings: PushWarning[];
  /** Kinds of findings that were not looked for. */
  notEvaluated: FindingKind[];
  /** Null until it is analyzed. */
  analyzersVersion: string | null;
  /** Indexes of the layers that could not be read when it was analyzed. */
  unreadLayers: number[];
  analyzedAt: Date | null;
}

/** An image with the place of its last push. */
export interface ListedImage extends Image {
  connection: string;
  repository: string;
  tag: string | null;
}

/** A place in the list of images. */
export interface ImageCursor {
  pushId: string;
  digest: Digest;
}

/** Result of analyzing a layer. */
export interface LayerResult {
  /** Facts from the layer's files, encoded. */
  facts: Buffer;
  /** The layer's entries, encoded. */
  entries: Buffer;
  entryCount: number;
  uncompressedBytes: number;
}

/** Stored analysis of a layer of an image; null until it was read from the blob that the image names. */
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
}

/** Size of the piece of a layer's entries in one row. */
const pieceBytes = 1024 * 1024;

/** A package of an image, with the key of the advisories that evaluate it. */
export interface EvaluatedPackage extends ImagePackage {
  /** Null if no advisories evaluate it. */
  key: AdvisoryKey | null;
}

const columns = `image.digest, image.media_type AS "mediaType", config_digest AS "configDigest", platform, created_at AS "createdAt",
  base_created_at AS "baseCreatedAt", run_user AS "user", labels, os, image.warnings, config_version AS "configVersion", not_evaluated AS "notEvaluated",
  analyzers_version AS "analyzersVersion", unread_layers AS "unreadLayers", analyzed_at AS "analyzedAt"`;

/** Images, their layers and the packages in them. */
@Injectable()
export class Images {
  constructor(private readonly store: Store) {}

  async get(digest: Digest): Promise<Image | null> {
    const [image] = await this.store.query<Image>(`SELECT ${columns} FROM image WHERE digest = $1`, [digest]);
    return image ?? null;
  }

  /** The images of a push, by platform. */
  async ofPush(pushId: string): Promise<Image[]> {
    return this.store.query<Image>(
      `SELECT ${columns} FROM image JOIN push_image ON image_digest = digest WHERE push_id = $1 ORDER BY platform, digest`,
      [pushId],
    );
  }

  /** Images by their newest push, newest first. The cursor is that push and the image, since an index brings several at once. */
  async list({ limit, after }: { limit: number; after?: ImageCursor | undefined }): Promise<Page<ListedImage>> {
    const rows = await this.store.query<ListedImage & { pushId: string }>(
      `SELECT ${columns}, newest.push_id AS "pushId", push.connection, push.repository, push.tag
       FROM (SELECT image_digest, max(push_id::text)::uuid AS push_id FROM push_image GROUP BY image_digest) AS newest
       JOIN image ON image.digest = image_digest JOIN push ON push.id = newest.push_id
       WHERE $2::uuid IS NULL OR (newest.push_id, image.digest) < ($2, $3)
       ORDER BY newest.push_id DESC, image.digest DESC LIMIT $1`,
      [limit + 1, after?.pushId ?? null, after?.digest ?? null],
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const items = shown.map(({ pushId: _, ...image }) => image);
    return { items, next: last && rows.length > limit ? `${last.pushId}.${last.digest}` : null };
  }

  /** Images of a pushed digest: the image itself, or those of an index. */
  async ofDigest(digest: Digest): Promise<Image[]> {
    return this.store.query<Image>(
      `SELECT ${columns} FROM image WHERE digest IN (
         SELECT image_digest FROM push_image JOIN push ON push.id = push_id WHERE push.digest = $1 UNION SELECT $1)
       ORDER BY platform, digest`,
      [digest],
    );
  }

  /** Adds images with their layers; updates labels, config and findings of existing ones. */
  async add(tx: Transaction, images: readonly NewImage[]): Promise<void> {
    for (const image of images) {
      await tx.query(
        `INSERT INTO image (digest, media_type, config_digest, platform, created_at, labels, base_created_at, run_user, config, config_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (digest) DO UPDATE SET labels = EXCLUDED.labels, base_created_at = EXCLUDED.base_created_at, run_user = EXCLUDED.run_user,
           config = coalesce(EXCLUDED.config, image.config), config_version = EXCLUDED.config_version`,
        [
          image.digest,
          image.mediaType,
          image.configDigest,
          image.platform,
          image.createdAt,
          json(image.labels),
          image.baseCreatedAt,
          image.user,
          image.config ? json(image.config) : null,
          image.configVersion,
        ],
      );
      await this.#addLayers(tx, image);
      // Rules for secrets and misconfigurations may have changed since the last push.
      await tx.query(`DELETE FROM image_finding WHERE image_digest = $1 AND source = 'config'`, [image.digest]);
      await addFindings(tx, image.digest, 'config', image.findings);
    }
  }

  async #addLayers(tx: Transaction, image: NewImage): Promise<void> {
    const column = <Key extends keyof Layer>(key: Key) => image.layers.map((layer) => layer[key]);
    await tx.query(
      `INSERT INTO image_layer (image_digest, index, diff_id, blob_digest, media_type, size_bytes, created_by)
       SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
       ON CONFLICT (image_digest, index) DO UPDATE SET created_by = EXCLUDED.created_by`,
      [
        image.digest,
        column('index'),
        column('diffId'),
        column('digest'),
        column('mediaType'),
        column('sizeBytes'),
        image.layers.map(({ createdBy }) => createdBy ?? null),
      ],
    );
  }

  /** The media type of a layer in a repository; null where no image of it names the layer. */
  async mediaTypeIn(
    { connection, repository }: RepositoryPlace,
    { blobDigest, sizeBytes, diffId }: LayerClaim,
  ): Promise<string | null> {
    const [row] = await this.store.query<{ mediaType: string | null }>(
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
    const rows = await this.store.query<{ index: number }>(
      `SELECT index FROM image_layer WHERE image_digest = $1 AND NOT ${isLayerRead('$2')} ORDER BY index`,
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
      `INSERT INTO layer (diff_id, analyzers_version, facts, entries, entry_count, uncompressed_bytes) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (diff_id) DO UPDATE SET analyzers_version = EXCLUDED.analyzers_version, facts = EXCLUDED.facts,
         entries = EXCLUDED.entries, entry_count = EXCLUDED.entry_count, uncompressed_bytes = EXCLUDED.uncompressed_bytes,
         path_keys = NULL, analyzed_at = now()`,
      [diffId, analyzersVersion, result.facts, result.entries, result.entryCount, result.uncompressedBytes],
    );
    await tx.query(
      'INSERT INTO layer_blob (blob_digest, size_bytes, diff_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [blobDigest, sizeBytes, diffId],
    );
  }

  /** Layers of an image from the bottom, including unread ones. */
  async layers(digest: Digest): Promise<(Layer & StoredLayer)[]> {
    // Read in pieces: bytea arrives as hex, of which the driver holds several copies of a row, half
    // a gigabyte for a million entries.
    const pieces = await this.store.query<Layer & StoredLayer & { start: number }>(
      `SELECT index, image_layer.blob_digest AS digest, image_layer.diff_id AS "diffId", image_layer.size_bytes::float AS "sizeBytes",
         image_layer.media_type AS "mediaType", created_by AS "createdBy", coalesce(entry_count, 0) AS "entryCount",
         analyzers_version AS "analyzersVersion", CASE start WHEN 1 THEN facts END AS facts, substring(entries FROM start FOR $2) AS entries, start
       FROM image_layer
       -- A manifest may claim any diffID: only a blob that was found to hold it speaks for the layer.
       LEFT JOIN layer_blob USING (blob_digest, size_bytes, diff_id) LEFT JOIN layer ON layer.diff_id = layer_blob.diff_id,
       generate_series(1, greatest(octet_length(entries), 1), $2) AS start
       WHERE image_digest = $1`,
      [digest, pieceBytes],
    );
    pieces.sort((a, b) => a.index - b.index || a.start - b.start);
    return [...Map.groupBy(pieces, ({ index }) => index).values()].map(joined);
  }

  /** Configuration of an image; null for images older than this field. */
  async configOf(digest: Digest): Promise<StoredConfig | null> {
    const [image] = await this.store.query<{ config: StoredConfig | null }>(
      'SELECT config FROM image WHERE digest = $1',
      [digest],
    );
    return image?.config ?? null;
  }

  /**
   * Whether a workload runs one of some images, or did in the last day; undefined while no sensor
   * reports containers.
   */
  async areRunning(digests: readonly Digest[]): Promise<boolean | undefined> {
    return isAnyRunning(this.store, digests);
  }

  /** Layers of an image from the bottom, without their analysis. */
  async layerList(digest: Digest): Promise<(Omit<Layer, 'createdBy'> & { createdBy: string | null })[]> {
    return this.store.query(
      `SELECT index, blob_digest AS digest, diff_id AS "diffId", size_bytes::float AS "sizeBytes", media_type AS "mediaType",
         created_by AS "createdBy"
       FROM image_layer WHERE image_digest = $1 ORDER BY index`,
      [digest],
    );
  }

  /** Replaces the inventory of an image. */
  async analyzed(tx: Transaction, digest: Digest, analyzersVersion: string, inventory: StoredInventory): Promise<void> {
    await tx.query('DELETE FROM image_package WHERE image_digest = $1', [digest]);
    await addPackages(tx, digest, inventory.packages);
    await tx.query(`DELETE FROM image_finding WHERE image_digest = $1 AND source = 'layers'`, [digest]);
    await addFindings(tx, digest, 'layers', inventory.findings);
    await tx.query(
      `UPDATE image SET os = $2, warnings = $3, analyzers_version = $4, not_evaluated = $5, unread_layers = $6, analyzed_at = now() WHERE digest = $1`,
      [
        digest,
        json(inventory.os),
        json(inventory.warnings),
        analyzersVersion,
        inventory.notEvaluated,
        inventory.unreadLayers ?? [],
      ],
    );
  }

  async packageCount(digest: Digest): Promise<number> {
    const [row] = await this.store.query<{ packages: number }>(
      'SELECT count(*)::int AS packages FROM image_package WHERE image_digest = $1',
      [digest],
    );
    return row?.packages ?? 0;
  }

  /** The packages of an image, by purl. */
  async packages(digest: Digest): Promise<ImagePackage[]> {
    return this.store.query<ImagePackage>(
      `SELECT purl, type, name, version, arch, json_build_object('name', source_name, 'version', source_version) AS source,
         licenses, found_in AS "foundIn", layer, state
       FROM image_package JOIN package ON package.id = package_id WHERE image_digest = $1 ORDER BY purl, layer`,
      [digest],
    );
  }
}

/** Joins the pieces of a layer, in their order. */
function joined(pieces: readonly (Layer & StoredLayer & { start: number })[]): Layer & StoredLayer {
  const { start: _, ...layer } = pieces[0]!;
  const isRead = layer.entries !== null;
  return { ...layer, entries: isRead ? Buffer.concat(pieces.map(({ entries }) => entries!)) : null };
}

async function addPackages(tx: Transaction, digest: Digest, packages: readonly EvaluatedPackage[]): Promise<void> {
  const rows = json(
    packages.map(({ source, key, ...each }) => ({
      ...each,
      ...key,
      sourceName: source.name,
      sourceVersion: source.version,
    })),
  );
  await tx.query(
    `INSERT INTO package (purl, type, name, version, arch, source_name, source_version, licenses, ecosystem, release, advisory_names, qualifiers)
     SELECT DISTINCT ON (purl, "sourceName", "sourceVersion") purl, type, name, version, arch, "sourceName", "sourceVersion", licenses,
       ecosystem, release, coalesce(names, '{}'), qualifiers
     FROM jsonb_to_recordset($1) AS row (purl text, type text, name text, version text, arch text, "sourceName" text,
       "sourceVersion" text, licenses text[], ecosystem text, release text, names text[], qualifiers jsonb)
     ORDER BY purl, "sourceName", "sourceVersion"
     -- What nobody evaluated may have found its evaluate; the reverse is only said by images that would like it so.
     ON CONFLICT (package_identity(purl, source_name, source_version)) DO UPDATE SET ecosystem = EXCLUDED.ecosystem,
       release = EXCLUDED.release, advisory_names = EXCLUDED.advisory_names, qualifiers = EXCLUDED.qualifiers
     WHERE package.ecosystem IS NULL AND EXCLUDED.ecosystem IS NOT NULL`,
    [rows],
  );
  await tx.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
     SELECT $1, package.id, row.layer, row.state, row."foundIn"
     FROM jsonb_to_recordset($2) AS row (purl text, "sourceName" text, "sourceVersion" text, layer int, state text, "foundIn" text)
     JOIN package ON package_identity(package.purl, source_name, source_version) = package_identity(row.purl, "sourceName", "sourceVersion")
     ON CONFLICT DO NOTHING`,
    [digest, rows],
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
