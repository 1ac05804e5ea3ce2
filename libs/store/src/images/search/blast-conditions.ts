import { Injectable } from '@nestjs/common';
import { InvalidInput, isDigest } from '@tidewaiter/domain';

import { Store } from '../../core/store.js';
import { FileContents, maxHolders } from '../file-contents.js';
import { LayerPaths, maxPathLayers } from '../layer-paths.js';
import { holdsSecret } from '../secret-lookup.js';
import { packageCondition, vulnerabilityCondition } from './blast-packages.js';
import type { BlastCondition, BlastQuestion, NotEvaluated } from './blast-question.js';

const plain = 'NULL::bigint AS package_id, false AS is_mitigated, false AS is_unknown';
/** Limit on the rows counted for the part that was not evaluated. */
const maxCounted = 10_000;

/** Turns the conditions of a search across the fleet into queries of the images that meet them. */
@Injectable()
export class BlastConditions {
  constructor(
    private readonly store: Store,
    private readonly contents: FileContents,
    private readonly paths: LayerPaths,
  ) {}

  /** @throws InvalidInput `UNPARSABLE_RANGE`, and `INPUT_INVALID` without any condition */
  async of(question: BlastQuestion): Promise<BlastCondition[]> {
    const { vulnerability, sha256, path, layer, base, secret, image, signer } = question;
    const looked = await Promise.all([
      vulnerability === undefined ? null : vulnerabilityCondition(this.store, vulnerability),
      question.package === undefined ? null : packageCondition(this.store, { ...question, purl: undefined }),
      question.purl === undefined ? null : packageCondition(this.store, { ...question, package: undefined }),
      sha256 === undefined ? null : this.#file(sha256),
      path === undefined ? null : this.#path(path),
    ]);
    const conditions = [
      ...looked,
      layer === undefined ? null : layerCondition(layer),
      base === undefined ? null : baseCondition(base),
      secret === undefined ? null : secretCondition(secret),
      image === undefined ? null : imageCondition(image),
      signer === undefined ? null : signerCondition(signer),
    ];
    const given = conditions.filter((condition) => condition !== null);
    if (given.length === 0) throw new InvalidInput('INPUT_INVALID', 'ask for a package, a vulnerability, a file …');
    if (needsLayers(question)) given[0]!.notEvaluated.push(...(await this.#unreadLayers()));
    return given;
  }

  async #file(sha256: string): Promise<BlastCondition> {
    const digests = await this.contents.holding(sha256);
    const condition: BlastCondition = {
      packages: 0,
      notEvaluated: await this.#count(
        'FILES_NOT_INDEXED',
        'images whose files are not indexed yet',
        `image WHERE analyzed_at IS NOT NULL AND hidden_contents IS NULL
           AND NOT EXISTS (SELECT FROM image_manifest WHERE image_digest = digest AND contents IS NOT NULL)`,
      ),
      sql: (parameter) =>
        `SELECT image_digest, ${plain}, NULL::text AS note FROM unnest(${parameter(digests)}::text[]) AS held (image_digest)`,
    };
    if (digests.length === maxHolders) condition.notEvaluated.push(cutAt(maxHolders, 'images with the file'));
    return condition;
  }

  async #path(path: string): Promise<BlastCondition> {
    const diffIds = await this.paths.layersWith(path);
    const condition: BlastCondition = {
      packages: 0,
      notEvaluated: await this.#count(
        'PATHS_NOT_INDEXED',
        'layers whose paths are not indexed yet',
        'layer WHERE path_keys IS NULL',
      ),
      sql: (parameter) =>
        `SELECT image_digest, ${plain}, 'layer ' || index AS note FROM image_layer WHERE diff_id = ANY(${parameter(diffIds)}::text[])`,
    };
    if (diffIds.length === maxPathLayers) condition.notEvaluated.push(cutAt(maxPathLayers, 'layers with the path'));
    return condition;
  }

  async #unreadLayers(): Promise<NotEvaluated[]> {
    return this.#count(
      'LAYERS_UNREAD',
      'images with a layer that could not be read',
      `image WHERE unread_layers <> '{}'`,
    );
  }

  async #count(code: NotEvaluated['code'], message: string, from: string): Promise<NotEvaluated[]> {
    const [row] = await this.store.aggregate<{ count: number }>(
      `SELECT count(*)::int AS count FROM (SELECT FROM ${from} LIMIT ${maxCounted}) AS counted`,
    );
    return row && row.count > 0 ? [{ code, message, count: row.count }] : [];
  }
}

function needsLayers({ vulnerability, purl, package: name, sha256, path, secret }: BlastQuestion): boolean {
  return [vulnerability, purl, name, sha256, path, secret].some((each) => each !== undefined);
}

function layerCondition(digest: string): BlastCondition {
  return simple(
    (parameter) => `SELECT image_digest, ${plain}, 'layer ' || index AS note FROM image_layer
      WHERE diff_id = ${parameter(digest)} OR blob_digest = ${parameter(digest)}`,
  );
}

function secretCondition(fingerprint: string): BlastCondition {
  return simple(
    (parameter) => `SELECT image_digest, ${plain},
        coalesce(finding ->> 'path', concat_ws(' ', finding #>> '{evidence,origin}', finding #>> '{evidence,name}'))
          || coalesce(' (deleted in layer ' || (finding #>> '{evidence,removedInLayer}') || ')', '')
          || CASE WHEN places.count > 1 THEN ' and ' || places.count - 1 || ' more' ELSE '' END AS note
      FROM image_finding, LATERAL (SELECT coalesce(jsonb_array_length(finding -> 'locations'), 1)
        + coalesce((finding ->> 'moreLocations')::int, 0) AS count) AS places
      WHERE ${holdsSecret(`ARRAY[${parameter(fingerprint)}]`)}`,
  );
}

/** Images by digest, also one that was never scanned, as containers may run it. */
function imageCondition(digest: string): BlastCondition {
  return simple((parameter) => {
    const asked = parameter(digest);
    return `SELECT digest AS image_digest, ${plain}, NULL::text AS note FROM (${imagesOf(asked)}
      UNION SELECT digest FROM image WHERE config_digest = ${asked}
      UNION SELECT ${asked}::text WHERE EXISTS (SELECT FROM container_ledger WHERE image_digest = ${asked})
        AND NOT EXISTS (SELECT FROM push JOIN push_image ON push_id = push.id WHERE push.digest = ${asked})) AS asked (digest)`;
  });
}

/** Images that a verified signature or attestation of a signer vouches for. */
function signerCondition(signer: string): BlastCondition {
  return simple((parameter) => {
    const holds = ['name', 'keyFingerprint', 'identity'].flatMap((key) => {
      const wanted = parameter(JSON.stringify([{ verified: true, signer: { [key]: signer } }]));
      return [`signatures @> ${wanted}::jsonb`, `attestations @> ${wanted}::jsonb`];
    });
    return `SELECT image_digest, ${plain}, connection || '/' || repository AS note FROM image_provenance WHERE ${holds.join(' OR ')}`;
  });
}

/**
 * Images that start with the layers of a base image, name it in a label, or are of its
 * distribution.
 */
function baseCondition(base: string): BlastCondition {
  if (isDigest(base)) {
    return simple((parameter) => {
      const asked = parameter(base);
      return `${withLayersOf(imagesOf(asked))} UNION ALL SELECT digest, ${plain}, 'label' FROM image
        WHERE labels ->> 'org.opencontainers.image.base.digest' = ${asked}`;
    });
  }
  const [, name = base, tag] = /^(.+?)(?::([\w.-]+))?$/.exec(base) ?? [];
  const path = name.replace(/^(?:docker\.io\/)?(?:library\/)?/, '');
  const spellings = [path, `library/${path}`, `docker.io/${path}`, `docker.io/library/${path}`];
  const labels = spellings.flatMap((each) => (tag === undefined ? [each, `${each}:latest`] : [`${each}:${tag}`]));
  return simple((parameter) => {
    const pushed = `SELECT image_digest FROM push JOIN push_image ON push_id = push.id
      WHERE (repository = ANY(${parameter(spellings)}::text[]) OR (repository = ${parameter(path.slice(path.indexOf('/') + 1))}
          AND coalesce(registry_host, connection) || '/' || repository = ${parameter(path)}))
        AND tag = ${parameter(tag ?? 'latest')}`;
    const version = parameter(tag ?? null);
    return `${withLayersOf(pushed)}
      UNION ALL SELECT digest, ${plain}, 'label' FROM image WHERE labels ->> 'org.opencontainers.image.base.name' = ANY(${parameter(labels)}::text[])
      UNION ALL SELECT digest, ${plain}, 'distribution' FROM image WHERE os ->> 'id' = ${parameter(path)}
        AND (${version}::text IS NULL OR os ->> 'versionId' = ${version} OR starts_with(os ->> 'versionId', ${version} || '.'))`;
  });
}

/** Images whose lowest layers are all layers of one of some images. */
function withLayersOf(bases: string): string {
  return `SELECT upper_layer.image_digest, ${plain}, 'layers' AS note
    FROM (${bases}) AS base (digest) JOIN image_layer AS lower_layer ON lower_layer.image_digest = base.digest
    JOIN image_layer AS upper_layer USING (diff_id, index)
    GROUP BY base.digest, upper_layer.image_digest
    HAVING count(*) = (SELECT count(*) FROM image_layer WHERE image_digest = base.digest)`;
}

/** The image of a digest, or the images of an index. */
function imagesOf(digest: string): string {
  return `SELECT digest FROM image WHERE digest = ${digest}
    UNION SELECT image_digest FROM push JOIN push_image ON push_id = push.id WHERE push.digest = ${digest}`;
}

function simple(sql: BlastCondition['sql']): BlastCondition {
  return { sql, packages: 0, notEvaluated: [] };
}

function cutAt(count: number, what: string): NotEvaluated {
  return { code: 'TOO_MANY_RESULTS', message: `only the first ${count} ${what} were looked at`, count };
}
