import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { tarArchive, type TarEntry } from './tar-writer.js';

const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
};

const compressions = {
  none: { suffix: '', compress: (tar: Buffer) => tar },
  gzip: { suffix: '+gzip', compress: (tar: Buffer) => gzipSync(tar, { level: 1 }) },
  zstd: { suffix: '+zstd', compress: (tar: Buffer) => zstdCompressSync(tar) },
};

export interface ImageSpec {
  /** From the bottom up: entries, or a whole tar. */
  layers: (TarEntry[] | Buffer)[];
  /** The `config` object of the image's configuration: Env, Entrypoint, User, Labels. */
  config?: Record<string, unknown>;
  /** `linux/amd64` by default; `linux/arm64/v8` with a variant. */
  platform?: string;
  /** `gzip` by default. */
  compression?: keyof typeof compressions;
  /** ISO 8601. */
  created?: string;
  /** `created_by` of the layers, and of steps above them without a layer. */
  steps?: string[];
  /** Statements of BuildKit about it, for an index. */
  statements?: { predicateType: string; predicate: unknown }[];
}

export interface BuiltImage {
  /** Digest of the manifest. */
  digest: string;
  configDigest: string;
  /** Digests of the blobs as they are stored, from the bottom up. */
  layerDigests: string[];
  /** Digests of the tars inside. */
  diffIds: string[];
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Record<string, string>;
  annotations?: Record<string, string>;
}

/**
 * Adds an image to the OCI layout in `dir`. @see
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function buildImage(dir: string, spec: ImageSpec & { tag?: string }): Promise<BuiltImage> {
  const { descriptor, image } = await writeImage(dir, spec);
  await tagInLayout(dir, descriptor, spec.tag ?? 'latest');
  return image;
}

/**
 * Adds an index of several platforms to the OCI layout in `dir`, with their statements after them,
 * as BuildKit writes it. @see
 * https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
export async function buildIndex(
  dir: string,
  specs: readonly ImageSpec[],
  tag = 'latest',
): Promise<{ digest: string; images: BuiltImage[] }> {
  const written = [];
  const attested = [];
  for (const spec of specs) {
    const { descriptor, image } = await writeImage(dir, spec);
    written.push({ descriptor, image });
    if (spec.statements) attested.push(await writeStatements(dir, descriptor.digest, spec.statements));
  }
  const manifests = [...written.map(({ descriptor }) => descriptor), ...attested];
  const index = await writeJson(dir, mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  await tagInLayout(dir, index, tag);
  return { digest: index.digest, images: written.map(({ image }) => image) };
}

/** Attestation manifest of BuildKit about an image. */
async function writeStatements(
  dir: string,
  image: string,
  statements: NonNullable<ImageSpec['statements']>,
): Promise<Descriptor> {
  const platform = { os: 'unknown', architecture: 'unknown' };
  const subject = [{ name: 'pkg:docker/app@1', digest: { sha256: image.slice('sha256:'.length) } }];
  const layers = [];
  for (const { predicateType, predicate } of statements) {
    const statement = { _type: 'https://in-toto.io/Statement/v0.1', predicateType, subject, predicate };
    const layer = await writeJson(dir, 'application/vnd.in-toto+json', statement);
    layers.push({ ...layer, annotations: { 'in-toto.io/predicate-type': predicateType } });
  }
  const diffIds = layers.map(({ digest }) => digest);
  const config = await writeJson(dir, mediaTypes.config, {
    ...platform,
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
  const annotations = { 'vnd.docker.reference.digest': image, 'vnd.docker.reference.type': 'attestation-manifest' };
  return { ...(await writeJson(dir, mediaTypes.manifest, manifest)), annotations, platform };
}

async function writeImage(dir: string, spec: ImageSpec): Promise<{ descriptor: Descriptor; image: BuiltImage }> {
  const { suffix, compress } = compressions[spec.compression ?? 'gzip'];
  const [os = 'linux', architecture = 'amd64', variant] = (spec.platform ?? 'linux/amd64').split('/');
  const platform = { os, architecture, ...(variant && { variant }) };
  const tars = spec.layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tarArchive(layer)));
  const layers = [];
  for (const tar of tars) layers.push(await writeBlob(dir, mediaTypes.layer + suffix, compress(tar)));
  const diffIds = tars.map(digestOf);
  const config = await writeJson(dir, mediaTypes.config, {
    ...platform,
    created: spec.created ?? '2026-01-01T00:00:00Z',
    config: spec.config ?? {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: historyOf(spec),
  });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
  const descriptor = { ...(await writeJson(dir, mediaTypes.manifest, manifest)), platform };
  const layerDigests = layers.map(({ digest }) => digest);
  return { descriptor, image: { digest: descriptor.digest, configDigest: config.digest, layerDigests, diffIds } };
}

function historyOf({ layers, steps = [] }: ImageSpec): object[] {
  const created = '2026-01-01T00:00:00Z';
  return [
    ...layers.map((_, index) => ({ created, created_by: steps[index] ?? `layer ${index}` })),
    ...steps.slice(layers.length).map((step) => ({ created, created_by: step, empty_layer: true })),
  ];
}

async function writeJson(dir: string, mediaType: string, value: unknown): Promise<Descriptor> {
  return writeBlob(dir, mediaType, Buffer.from(JSON.stringify(value)));
}

async function writeBlob(dir: string, mediaType: string, bytes: Buffer): Promise<Descriptor> {
  const digest = digestOf(bytes);
  const folder = join(dir, 'blobs', 'sha256');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, digest.slice('sha256:'.length)), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** A tag names one thing: the newest. */
async function tagInLayout(dir: string, descriptor: Descriptor, tag: string): Promise<void> {
  const key = 'org.opencontainers.image.ref.name';
  const file = join(dir, 'index.json');
  const text = await readFile(file, 'utf8').catch(() => '{"manifests":[]}');
  const others = (JSON.parse(text) as { manifests: Descriptor[] }).manifests.filter(
    (one) => one.annotations?.[key] !== tag,
  );
  const manifests = [...others, { ...descriptor, annotations: { [key]: tag } }];
  await writeFile(file, JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

/** Digest of a blob. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
