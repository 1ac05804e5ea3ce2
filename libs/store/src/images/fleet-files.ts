import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import { type FileVariant, type FleetFile, maxScriptBytes } from '@tidewaiter/integrity';

import { columnsOf } from '../core/columns.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { FleetContentRow } from './file-rows.js';
import type { RepositoryPlace } from './pushes/pushes.js';

/** A finding shared by all images with one content of a path; its layer differs by image. */
export interface ContentFinding {
  path: string;
  /** Hex. */
  sha256: string;
  finding: Finding;
}

/**
 * Limits on compared paths of one image, on contents of one path, and on counted images of one
 * content.
 */
const maxPaths = 500;
const maxVariants = 32;
const maxHolders = 200;
/**
 * Limit on the pushes that one comparison queues; the others follow when they are evaluated again.
 */
const maxStale = 200;

const variantColumns = columnsOf(FleetContentRow, { of: 'content', only: ['path', 'sizeBytes', 'text'] }).computed<
  Pick<FileVariant, 'sha256' | 'images' | 'repositories'>
>({ sha256: "encode(content.sha256, 'hex')", images: 'images', repositories: 'repositories' });

/**
 * SQL for whether the content `known` is suspicious when an image has brought it again; one without
 * its text says nothing new about a content that was suspicious before.
 */
const suspicionBy = (brought: string) =>
  `(${brought}.is_suspicious OR (${brought}.text IS NULL AND known.is_suspicious))`;

/** Files of all images that no package owns, by path and content. */
@Injectable()
export class FleetFiles {
  constructor(private readonly store: Store) {}

  /** Replaces the files of an image. */
  async put(tx: Transaction, image: Digest, files: readonly FleetFile[]): Promise<void> {
    if (files.length > 0) await this.#add(tx, image, files);
    // After adding, so that a content that stays is never without an image.
    await tx.query(
      `DELETE FROM fleet_file WHERE image_digest = $3 AND (path, sha256) NOT IN (
         SELECT path, decode(hex, 'hex') FROM unnest($1::text[], $2::text[]) AS file (path, hex))`,
      [...keysOf(files), image],
    );
  }

  async #add(tx: Transaction, image: Digest, files: readonly FleetFile[]): Promise<void> {
    const texts = files.map(({ text }) => (text === null ? null : zstdCompressSync(text)));
    const keys = keysOf(files);
    await tx.query(
      // In one order, so that two images that bring the same files cannot deadlock. Contents that
      // stay as they are get a lock that others share: images with the same file do not wait.
      `WITH file AS (
         SELECT path, decode(hex, 'hex') AS sha256, size_bytes, is_suspicious, text
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::bytea[]) AS file (path, hex, size_bytes, is_suspicious, text)
       ), kept AS MATERIALIZED (
         SELECT path, sha256 FROM file JOIN fleet_content AS known USING (path, sha256)
         WHERE (file.text IS NULL OR known.text IS NOT NULL) AND known.is_suspicious = ${suspicionBy('file')}
         ORDER BY path, sha256 FOR KEY SHARE OF known
       )
       INSERT INTO fleet_content AS known (path, sha256, size_bytes, is_suspicious, text)
       SELECT path, sha256, size_bytes, is_suspicious, text FROM file
       WHERE NOT EXISTS (SELECT FROM kept WHERE (kept.path, kept.sha256) = (file.path, file.sha256)) ORDER BY path, sha256
       ON CONFLICT (path, sha256) DO UPDATE SET text = coalesce(EXCLUDED.text, known.text), is_suspicious = ${suspicionBy('EXCLUDED')}`,
      [...keys, files.map(({ sizeBytes }) => sizeBytes), files.map(({ isSuspicious }) => isSuspicious), texts],
    );
    await tx.query(
      `INSERT INTO fleet_file (path, sha256, image_digest, layer)
       SELECT path, decode(hex, 'hex') AS sha256, $4, layer
       FROM unnest($1::text[], $2::text[], $3::integer[]) AS file (path, hex, layer) ORDER BY path, sha256
       ON CONFLICT (path, sha256, image_digest) DO UPDATE SET layer = EXCLUDED.layer`,
      [...keys, files.map(({ layer }) => layer), image],
    );
  }

  /** Paths of an image with other content in other images, if the difference may matter. */
  async contestedPaths(image: Digest): Promise<string[]> {
    const rows = await this.store.aggregate<{ path: string }>(
      `SELECT path FROM fleet_file AS own JOIN fleet_content AS content USING (path, sha256)
       WHERE image_digest = $1 AND EXISTS (
         SELECT FROM fleet_content AS other WHERE other.path = own.path AND other.sha256 <> own.sha256
           AND (content.is_suspicious OR other.is_suspicious OR content.text IS NULL))
       ORDER BY path LIMIT ${maxPaths}`,
      [image],
    );
    return rows.map(({ path }) => path);
  }

  /** Contents of some paths: the most common ones, and that of this image. */
  async variants(image: Digest, paths: readonly string[]): Promise<Map<string, FileVariant[]>> {
    const rows = await this.store.rows(
      variantColumns,
      `FROM unnest($2::text[]) AS asked (path) CROSS JOIN LATERAL (
         SELECT content.*, EXISTS (
             SELECT FROM fleet_file AS own WHERE (own.path, own.sha256, own.image_digest) = (content.path, content.sha256, $1)) AS is_own,
           (SELECT count(*) FROM (
              SELECT FROM fleet_file AS held WHERE (held.path, held.sha256) = (content.path, content.sha256) LIMIT ${maxHolders}) AS counted) AS held
         FROM fleet_content AS content WHERE content.path = asked.path
         ORDER BY is_own DESC, held DESC, content.sha256 LIMIT ${maxVariants}) AS content
       CROSS JOIN LATERAL (
         SELECT count(DISTINCT image_digest)::int AS images,
           coalesce(array_agg(DISTINCT connection || '/' || repository ORDER BY connection || '/' || repository), '{}') AS repositories
         FROM (SELECT image_digest FROM fleet_file AS held WHERE (held.path, held.sha256) = (content.path, content.sha256)
               ORDER BY image_digest LIMIT ${maxHolders}) AS holder
           JOIN push_image USING (image_digest) JOIN push ON push.id = push_id) AS holders
       ORDER BY asked.path, content.sha256`,
      [image, paths],
    );
    const variants = rows.map(({ text, ...row }) => ({ ...row, text: text && textOf(text) }));
    return Map.groupBy(variants, ({ path }) => path);
  }

  /** Findings that apply to this image, with the layer that brought each file. */
  async findingsOf(image: Digest, findings: readonly ContentFinding[]): Promise<Finding[]> {
    if (findings.length === 0) return [];
    const rows = await this.store.aggregate<{ finding: Finding; layer: number }>(
      `SELECT finding, layer FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS found (path, hex, finding)
       JOIN fleet_file ON fleet_file.path = found.path AND sha256 = decode(hex, 'hex') AND image_digest = $1 ORDER BY found.path`,
      [image, ...arraysOf(findings)],
    );
    return rows.map(({ finding, layer }) => ({ ...finding, layer }));
  }

  /**
   * Pushes whose images lack one of the findings about these paths, or have one that no longer
   * holds; without those of this image in this repository. Includes pushes that are being
   * evaluated, as they may have missed the newest image.
   */
  async stalePushes(
    tx: Transaction,
    image: Digest,
    { connection, repository }: RepositoryPlace,
    paths: readonly string[],
    findings: readonly ContentFinding[],
  ): Promise<string[]> {
    if (paths.length === 0 && findings.length === 0) return [];
    const rows = await tx.aggregate<{ id: string }>(
      `WITH expected AS (
         SELECT path, decode(hex, 'hex') AS sha256, finding FROM unnest($5::text[], $6::text[], $7::jsonb[]) AS found (path, hex, finding)
       ), place AS (
         SELECT fleet_file.image_digest, push.connection, push.repository
         FROM expected JOIN fleet_file USING (path, sha256) JOIN push_image USING (image_digest) JOIN push ON push.id = push_id
         WHERE NOT EXISTS (
           SELECT FROM repository_finding AS kept
           WHERE (kept.image_digest, kept.connection, kept.repository) = (fleet_file.image_digest, push.connection, push.repository)
             AND kept.fingerprint = expected.finding ->> 'fingerprint' AND kept.finding - 'layer' = expected.finding - 'layer')
         UNION SELECT image_digest, connection, repository FROM repository_finding AS kept
         WHERE finding ->> 'id' = 'file-outlier' AND finding ->> 'path' = ANY($4) AND NOT EXISTS (
           SELECT FROM expected WHERE expected.path = kept.finding ->> 'path'
             AND 'sha256:' || encode(expected.sha256, 'hex') = kept.finding #>> '{evidence,actual}')
       )
       SELECT push.id FROM place JOIN push_image USING (image_digest)
         JOIN push ON push.id = push_id AND (push.connection, push.repository) = (place.connection, place.repository)
       WHERE push.state IN ('analyzing', 'analyzed') AND (place.image_digest, place.connection, place.repository) <> ($1, $2, $3)
       GROUP BY push.id ORDER BY push.id DESC LIMIT ${maxStale}`,
      [image, connection, repository, paths, ...arraysOf(findings)],
    );
    return rows.map(({ id }) => id);
  }
}

function keysOf(files: readonly FleetFile[]): unknown[] {
  return [files.map(({ path }) => path), files.map(({ sha256 }) => sha256)];
}

function arraysOf(findings: readonly ContentFinding[]): unknown[] {
  return [
    findings.map(({ path }) => path),
    findings.map(({ sha256 }) => sha256),
    findings.map(({ finding }) => json(finding)),
  ];
}

/**
 * Decompresses the text of a script. The limit allows four bytes a character; masks of secrets are
 * short.
 */
function textOf(packed: Buffer): string {
  return zstdDecompressSync(packed, { maxOutputLength: maxScriptBytes * 4 }).toString('utf8');
}
