import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

import type { AdvisoryFeed } from '@tidewaiter/advisories';
import type { Digest } from '@tidewaiter/domain';
import type { Descriptor } from '@tidewaiter/oci';

import { type AdvisoryArtifact, type ArtifactConfig, artifactTypes, deltasFrom } from './artifact-config.js';
import { type AdvisoryPlace, readAll, type WritableAdvisoryPlace } from './artifact-place.js';
import { inParallel } from './in-parallel.js';
import { deltaLevel, imageLevel, pack } from './zstd.js';

const mib = 1024 * 1024;
/** Unpacked size of a chunk; larger for a database of more chunks than a manifest may list. */
const chunkBytes = 8 * mib;
const maxChunks = 800;
/** Chunks that are packed at once. */
const concurrency = 3;
/**
 * Days that lead on from one image. A new machine applies them all, and a new image costs everyone
 * else nothing, as deltas lead past it.
 */
const maxDeltasOfImage = 6;
const maxShareOfImage = 0.1;
/** Days for which a machine may be off and still needs deltas alone. */
const maxDeltas = 45;

/** A database with what is published about it. */
export interface Database {
  path: string;
  format: number;
  content: string;
  rows: Record<string, number>;
  feeds: readonly AdvisoryFeed[];
  createdAt: string;
}

/** Earlier artifact, and the changes since. */
export interface Earlier {
  place: AdvisoryPlace;
  artifact: AdvisoryArtifact;
  /** Null where there are too many changes. */
  delta: Buffer | null;
}

/** Writes an artifact into a layout; returns its digest. The same input gives the same bytes. */
export async function buildArtifact(
  database: Database,
  earlier: Earlier | null,
  target: WritableAdvisoryPlace,
  tag: string,
): Promise<Digest> {
  const steps = earlier ? await laterDeltas(database, earlier, target) : [];
  const image = (await keptImage(steps, earlier, target)) ?? (await newImage(database, target));
  const { format, content, rows, createdAt, feeds } = database;
  const config: ArtifactConfig = {
    version: 1,
    format,
    content,
    createdAt,
    rows,
    feeds: feeds.map(({ name, asOf, records }) => ({ name, asOf, records })),
    image: image.config,
    deltas: steps.map(({ delta }) => delta),
  };
  const configBlob = await put(target, artifactTypes.config, Buffer.from(JSON.stringify(config)));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: artifactTypes.manifest,
      artifactType: artifactTypes.artifact,
      config: configBlob,
      layers: [...image.layers, ...steps.map(({ layer }) => layer)],
      annotations: { 'org.opencontainers.image.created': createdAt },
    }),
  );
  const digest = digestOf(manifest);
  await target.putManifest({ digest, mediaType: artifactTypes.manifest, bytes: manifest }, tag);
  return digest;
}

interface Step {
  delta: ArtifactConfig['deltas'][number];
  layer: Descriptor;
}

/** Deltas of the earlier artifact with the one since. */
async function laterDeltas(
  { content }: Database,
  { place, artifact, delta }: Earlier,
  target: WritableAdvisoryPlace,
): Promise<Step[]> {
  const known = artifact.config.deltas.map((each, index) => ({ delta: each, layer: artifact.deltas[index]! }));
  const { content: before } = artifact.config;
  if (before !== content && delta === null) return [];
  const steps = [...known];
  if (before !== content && delta !== null) {
    const layer = await put(target, artifactTypes.delta, await pack(delta, deltaLevel));
    steps.push({ delta: { from: before, to: content, bytes: delta.length }, layer });
  }
  const kept = steps.slice(-maxDeltas);
  for (const { layer } of kept) await target.putBlob(layer, async () => readAll(place, layer));
  return kept;
}

interface Image {
  config: ArtifactConfig['image'];
  layers: Descriptor[];
}

/** Image of the earlier artifact, as long as few and small deltas lead on from it. */
async function keptImage(
  steps: readonly Step[],
  earlier: Earlier | null,
  target: WritableAdvisoryPlace,
): Promise<Image | null> {
  if (!earlier) return null;
  const { place, artifact } = earlier;
  const { image } = artifact.config;
  const content = steps.at(-1)?.delta.to ?? artifact.config.content;
  const deltas = steps.map(({ delta }) => delta);
  const path = deltasFrom({ content, deltas }, image.content);
  if (path === null || path.length > maxDeltasOfImage) return null;
  const sizeOf = (layers: readonly Descriptor[]) => layers.reduce((sum, { size }) => sum + size, 0);
  if (sizeOf(path.map((index) => steps[index]!.layer)) > sizeOf(artifact.chunks) * maxShareOfImage) return null;
  for (const layer of artifact.chunks) await target.putBlob(layer, async () => readAll(place, layer));
  return { config: image, layers: artifact.chunks };
}

async function newImage({ path, content }: Database, target: WritableAdvisoryPlace): Promise<Image> {
  await using file = await open(path);
  const { size } = await file.stat();
  const step = Math.max(chunkBytes, Math.ceil(size / maxChunks / mib) * mib);
  const count = Math.ceil(size / step);
  const chunks: ArtifactConfig['image']['chunks'] = [];
  const layers: Descriptor[] = [];
  await inParallel(count, concurrency, async (index) => {
    const length = Math.min(step, size - index * step);
    const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: index * step });
    chunks[index] = { bytes: length, sha256: hexOf(buffer) };
    layers[index] = await put(target, artifactTypes.chunk, await pack(buffer, imageLevel));
  });
  return { config: { content, chunks }, layers };
}

async function put(target: WritableAdvisoryPlace, mediaType: string, bytes: Buffer): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await target.putBlob(descriptor, async () => bytes);
  return descriptor;
}

function digestOf(bytes: Buffer): Digest {
  return `sha256:${hexOf(bytes)}`;
}

function hexOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
