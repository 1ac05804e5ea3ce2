import { hash } from 'node:crypto';

import type { Digest } from '@tidewaiter/domain';
import { contentKeysOf, type ImageFile, packManifest } from '@tidewaiter/facts';
import { encodeEntries, EntryTable, type LayerEntry } from '@tidewaiter/oci';
import { FileContents, type Store } from '@tidewaiter/store';

/** Sizes of a generated fleet. */
export interface FleetSize {
  images: number;
  /** Containers that run or ran, a third of them now. */
  containers: number;
  /** Files of each image. */
  files: number;
}

export const bases = 60;
/** Packages of an image: those of its base, then its own. */
const [basePackages, ownPackages] = [300, 100];
const applicationNames = 2_000;
const applicationVersions = 10;
export const vulnerabilities = 2_000;
export const secrets = 200;
export const repositories = 200;

/** SQL of the digest of a text: `digestOf('image', 7)` in {@link digestOf}. */
const sqlDigest = (kind: string, number: string) =>
  `'sha256:' || encode(sha256(('${kind} ' || ${number})::bytea), 'hex')`;

export function digestOf(kind: 'image' | 'index' | 'layer', number: number | string): Digest {
  return `sha256:${hash('sha256', `${kind} ${number}`, 'hex')}`;
}

/** Hash of one file: of the base or of the image itself. */
export function fileHash(place: `base ${number}` | `image ${number}`, file: number): string {
  return hash('sha256', `${place} file ${file}`, 'hex');
}

/**
 * Fills an empty database with a fleet of images on shared bases, with tags that moved and
 * containers that ended.
 */
export async function fillFleet(store: Store, { images, containers, files }: FleetSize): Promise<void> {
  // Built at the end: filling them row by row takes most of the time.
  await store.query('DROP INDEX layer_contents_ix, layer_path_keys_ix');
  await addImages(store, images);
  await addPackages(store, images);
  await addPushes(store, images);
  await addFindings(store, images);
  await addContainers(store, containers, images);
  await addFiles(store, images, files);
  await store.query(
    'CREATE INDEX layer_contents_ix ON layer USING gin (content_buckets(content_keys)) WITH (fastupdate = off)',
  );
  await store.query('CREATE INDEX layer_path_keys_ix ON layer USING gin (path_keys) WITH (fastupdate = off)');
  await store.query('VACUUM ANALYZE');
}

/**
 * First the bases, of two layers; then images with a layer of a runtime and two of their own on
 * them.
 */
async function addImages(store: Store, images: number): Promise<void> {
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels, os, analyzers_version, analyzed_at)
     SELECT ${sqlDigest('image', 'number')}, 'm', ${sqlDigest('config', 'number')}, 'linux/amd64',
       CASE WHEN number % 3 = 0 THEN jsonb_build_object('org.opencontainers.image.base.name', 'docker.io/library/debian:' || 11 + number % 3) ELSE '{}' END,
       jsonb_build_object('id', CASE WHEN number % ${bases} < 40 THEN 'debian' ELSE 'alpine' END, 'versionId', (10 + number % ${bases} / 10)::text), '1', now()
     FROM generate_series(0, $1 - 1) AS number`,
    [images],
  );
  await store.query(
    `INSERT INTO image_layer (image_digest, index, diff_id, blob_digest, media_type, size_bytes, created_by)
     SELECT ${sqlDigest('image', 'number')}, index, ${sqlDigest('layer', 'name')}, ${sqlDigest('blob', 'name')}, 'm', 1000000, 'RUN make'
     FROM generate_series(0, $1 - 1) AS number, generate_series(0, CASE WHEN number < ${bases} THEN 1 ELSE 4 END) AS index,
       LATERAL (SELECT CASE WHEN index < 2 THEN 'base ' || number % ${bases} || ' ' || index WHEN index = 2 THEN 'runtime ' || number % 100
         ELSE number || ' ' || index END AS name) AS named`,
    [images],
  );
  await store.query(
    `INSERT INTO layer (diff_id, analyzers_version, facts, entries, entry_count, uncompressed_bytes, path_keys)
     SELECT DISTINCT ON (diff_id) diff_id, '1', '', '', 0, 0, CASE WHEN index < 2 THEN
         ARRAY(SELECT ${pathKey(`'usr/lib/base/' || file`)} FROM generate_series(index * 1500, index * 1500 + 1499) AS file)
       ELSE ARRAY(SELECT ${pathKey(`'app/' || diff_id || '/' || file`)} FROM generate_series(1, 300) AS file) END
     FROM image_layer`,
  );
  await store.query(
    'INSERT INTO layer_blob (blob_digest, size_bytes, diff_id) SELECT DISTINCT blob_digest, size_bytes, diff_id FROM image_layer',
  );
}

function pathKey(path: string): string {
  return `('x' || encode(substring(sha256((${path})::bytea) FOR 8), 'hex'))::bit(64)::bigint`;
}

/**
 * Debian packages of bases, each base with versions of its own, and npm packages of applications.
 */
async function addPackages(store: Store, images: number): Promise<void> {
  await store.query(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, ecosystem, advisory_names, matched_by)
     SELECT 'pkg:deb/debian/' || name || '@' || version, 'deb', name, version, source, version, '{}', 'Debian', ARRAY[source], 1 FROM (
       SELECT CASE package WHEN 0 THEN 'libssl3' ELSE 'lib' || package END AS name, CASE package WHEN 0 THEN 'openssl' ELSE 'src' || package / 2 END AS source,
         '3.0.' || base || '-1' AS version
       FROM generate_series(0, ${basePackages - 1}) AS package, generate_series(0, ${bases - 1}) AS base) AS made`,
  );
  await store.query(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, ecosystem, advisory_names, matched_by)
     SELECT 'pkg:npm/app-' || name || '@' || version, 'npm', 'app-' || name, version, 'app-' || name, version, '{}', 'npm', ARRAY['app-' || name], 1
     FROM generate_series(0, ${applicationNames - 1}) AS name, generate_series(0, ${applicationVersions - 1}) AS minor,
       LATERAL (SELECT '1.' || minor || '.0' AS version) AS made`,
  );
  await store.query('ANALYZE package');
  for (let first = 0; first < images; first += 500) {
    await store.query(
      `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
       SELECT ${sqlDigest('image', 'number')}, package.id, 0, 'present', 'var/lib/dpkg/status'
       FROM generate_series($1::int, $2::int) AS number JOIN package ON type = 'deb' AND version = '3.0.' || number % ${bases} || '-1'
       UNION ALL
       SELECT ${sqlDigest('image', 'number')}, id, 3, 'present', 'app/node_modules/x/package.json' FROM (
         SELECT DISTINCT number, $3::bigint + (number * 7919 + nth * nth * 31 + nth) % ${applicationNames * applicationVersions} AS id
         FROM generate_series($1::int, $2::int) AS number, generate_series(1, ${ownPackages}) AS nth) AS chosen`,
      [first, Math.min(first + 500, images) - 1, basePackages * bases + 1],
    );
  }
  // Half of the vulnerabilities are in packages of bases, and affect half of their versions.
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     SELECT 'CVE-2025-' || number, 'CVE-2025-' || number, '{}', 'A hole', 'high', now(), 1 FROM generate_series(0, ${vulnerabilities - 1}) AS number`,
  );
  await store.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state, vulnerability_ids)
     SELECT package.id, advisory.id, 'affected', 'fixed', ARRAY[advisory.id] FROM generate_series(0, ${vulnerabilities - 1}) AS number
     JOIN advisory ON advisory.id = 'CVE-2025-' || number
     JOIN package ON name = CASE WHEN number % 2 = 0 THEN CASE number WHEN 0 THEN 'libssl3' ELSE 'lib' || number % ${basePackages} END ELSE 'app-' || number END
     WHERE hashtext(version) % 2 = 0`,
  );
}

/** Each image was pushed with a tag of its own and as `latest`; every fifth within an index. */
async function addPushes(store: Store, images: number): Promise<void> {
  await store.query(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, digest, verdict, registry_host, pushed_by, pushed_at, received_at, finished_at)
     SELECT gen_random_uuid(), 'main', 'team/app-' || number % ${repositories}, tag, 'image', 'analyzed',
       CASE WHEN number % 5 = 0 THEN ${sqlDigest('index', 'number')} ELSE ${sqlDigest('image', 'number')} END, 'fail', 'registry.example.com', 'ci',
       at, at, at
     FROM generate_series(0, $1 - 1) AS number, unnest(ARRAY['latest', '1.' || number / ${repositories}]) AS tag,
       LATERAL (SELECT now() - ($1 - number) * interval '2 hours' / 5 AS at) AS placed`,
    [images],
  );
  await store.query(
    `INSERT INTO push_image (push_id, image_digest) SELECT push.id, image.digest FROM generate_series(0, $1 - 1) AS number
     JOIN image ON image.digest = ${sqlDigest('image', 'number')} JOIN push ON push.digest IN (image.digest, ${sqlDigest('index', 'number')})`,
    [images],
  );
  await store.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, actor, at, position)
     SELECT connection, repository, tag, digest, id, pushed_by, pushed_at, row_number() OVER (PARTITION BY repository, tag ORDER BY pushed_at) FROM push`,
  );
}

/** Each secret is in many images, with five findings in each; two keys sign the signed images. */
async function addFindings(store: Store, images: number): Promise<void> {
  await store.query(
    `INSERT INTO image_finding (image_digest, fingerprint, source, finding)
     SELECT ${sqlDigest('image', 'number')}, 'f' || nth, 'layers', jsonb_build_object('kind', CASE nth WHEN 0 THEN 'secret' ELSE 'integrity' END,
       'id', 'rule-' || nth, 'aliases', '{}'::text[], 'severity', CASE nth WHEN 0 THEN 'high' ELSE 'low' END, 'title', 'A file', 'fingerprint', 'f' || nth,
       'purl', NULL, 'packageName', NULL, 'installedVersion', NULL, 'layer', 3, 'state', 'present', 'match', 'affected',
       'fix', jsonb_build_object('state', 'unknown', 'version', NULL), 'cvss', NULL, 'confidence', 'high', 'path', '/app/' || nth, 'evidence', CASE nth WHEN 0 THEN jsonb_build_object('valueFingerprint', encode(sha256(('secret ' || number % ${secrets})::bytea), 'hex'))
         ELSE '{}' END)
     FROM generate_series(0, $1 - 1) AS number, generate_series(0, 4) AS nth`,
    [images],
  );
  await store.query(
    `INSERT INTO image_provenance (connection, repository, image_digest, signatures, attestations, vex, warnings)
     SELECT 'main', 'team/app-' || number % ${repositories}, ${sqlDigest('image', 'number')},
       jsonb_build_array(jsonb_build_object('verified', true, 'signer', jsonb_build_object('name', CASE WHEN number % 2 = 0 THEN 'release' ELSE 'team-' || number % 50 END))),
       '[]', '[]', '[]' FROM generate_series(0, $1 - 1) AS number`,
    [images],
  );
}

/** Newer images run more; an image in an index runs by the digest of the index. */
async function addContainers(store: Store, containers: number, images: number): Promise<void> {
  await store.query(
    `INSERT INTO workload (cluster, namespace, kind, name, namespace_labels, exposed, privileged, replicas, probes, seen_at)
     SELECT 'cluster-' || number % 3, 'team-' || number % 90, 'Deployment', 'app-' || number, '{}', number % 4 = 0, false, 2, '{}', now()
     FROM generate_series(0, 1999) AS number`,
  );
  await store.query(
    `INSERT INTO container_ledger (container_id, cluster, node, namespace, pod, name, kind, workload_kind, workload, image_digest, claimed_digests,
       repository, tag, started_at, ended_at, first_seen, last_seen)
     SELECT encode(sha256(('container ' || number)::bytea), 'hex'), 'cluster-' || number % 2000 % 3, 'node-' || number % 50, 'team-' || number % 2000 % 90,
       'app-' || number % 2000 || '-' || number, 'app', 'app', 'Deployment', 'app-' || number % 2000, digest, ARRAY[digest], 'team/app', 'latest',
       began, CASE WHEN number % 3 > 0 THEN began + interval '1 day' END, began, CASE WHEN number % 3 > 0 THEN began + interval '1 day' ELSE now() END
     FROM generate_series(0, $1 - 1) AS number,
       LATERAL (SELECT $2 - 1 - (power((number * 7919 % 10007) / 10007.0, 2) * $2)::int % $2 AS image, now() - interval '1 hour' * (24 + number % 2000) AS began) AS chosen,
       LATERAL (SELECT CASE WHEN image % 5 = 0 THEN ${sqlDigest('index', 'image')} ELSE ${sqlDigest('image', 'image')} END AS digest) AS run`,
    [containers, images],
  );
  await store.query(
    `INSERT INTO package_use (image_digest, package, how, first_seen, last_seen)
     SELECT ${sqlDigest('image', 'number')}, 'lib' || 3 * nth, 'loaded', now(), now() FROM generate_series(0, $1 - 1, 2) AS number, generate_series(1, 20) AS nth`,
    [images],
  );
}

/** File lists; nine of ten files are of the base. */
async function addFiles(store: Store, images: number, files: number): Promise<void> {
  const contents = new FileContents(store);
  const own = Math.ceil(files / 10);
  const filesOf = (place: `base ${number}` | `image ${number}`, from: number, to: number) =>
    Array.from({ length: to - from }, (_, file): ImageFile => {
      const path = `/usr/lib/${place.replace(' ', '/')}/${from + file}`;
      return { path, sha256: fileHash(place, from + file), package: null };
    });
  for (let image = 0; image < images; image += 1) {
    const base = {
      layer: digestOf('layer', `base ${image % bases} 0`),
      files: filesOf(`base ${image % bases}`, own, files),
    };
    // The images of bases have no layer of their own.
    const layer = digestOf('layer', image < bases ? `base ${image % bases} 1` : `${image} 3`);
    const layers = [base, { layer, files: filesOf(`image ${image}`, 0, own) }];
    await addImageFiles(store, contents, digestOf('image', image), layers);
  }
}

/** Gives an image its visible files, each layer with its list. */
export async function addImageFiles(
  store: Store,
  contents: FileContents,
  image: Digest,
  layers: readonly { layer: Digest; files: readonly ImageFile[] }[],
): Promise<void> {
  const lists = layers.map(({ layer, files }) => ({ diffId: layer, entries: EntryTable.of(files.map(entryOf)) }));
  await store.transaction(async (tx) => {
    for (const { diffId, entries } of lists) {
      const packed = Buffer.concat([...encodeEntries(entries.pages())]);
      await tx.query(`UPDATE layer SET entries = $2, entry_count = $3 WHERE diff_id = $1 AND entry_count = 0`, [
        ...[diffId, packed, entries.length],
      ]);
    }
    const keys = lists.map(({ diffId, entries }) => ({ diffId, keys: contentKeysOf(entries, entries.length) }));
    await contents.put(tx, image, keys, packManifest(layers.flatMap(({ files }) => files)));
  });
}

function entryOf({ path, sha256 }: ImageFile): LayerEntry {
  return { path: path.slice(1), type: 'file', mode: 0o644, uid: 0, gid: 0, size: 1, sha256: sha256! };
}
