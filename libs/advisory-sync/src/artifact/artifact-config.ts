import { InvalidInput, LimitExceeded, type Digest } from '@tidewaiter/domain';
import { type Descriptor, type ImageManifest, parseManifest } from '@tidewaiter/oci';
import { z } from 'zod';

import { type AdvisoryPlace, readAll } from './artifact-place.js';

const mib = 1024 * 1024;

/** Limits on what an artifact may claim, before anything of it is unpacked. */
export const artifactLimits = {
  maxConfigBytes: mib,
  maxBlobBytes: 64 * mib,
  /** Unpacked size of one chunk, and of one delta. */
  maxChunkBytes: 64 * mib,
  maxDatabaseBytes: 32 * 1024 * mib,
} as const;

export const artifactTypes = {
  artifact: 'application/vnd.tidewaiter.advisories.v1',
  config: 'application/vnd.tidewaiter.advisories.config.v1+json',
  chunk: 'application/vnd.tidewaiter.advisories.chunk.v1+zstd',
  delta: 'application/vnd.tidewaiter.advisories.delta.v1+zstd',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
} as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();
const unpackedBytes = z.int().positive().max(artifactLimits.maxChunkBytes);

/**
 * Config of an artifact. Chunks and deltas are the layers of its manifest, in this order; nothing
 * in it is a name or a path.
 */
const artifactConfig = z.object({
  version: z.literal(1),
  /** Version of the tables in the database. */
  format: z.int().positive(),
  /** SHA-256 over all rows after the last delta. */
  content: sha256,
  /** Time of the newest check of a source. */
  createdAt: time,
  /** Number of rows by table after the last delta. */
  rows: z.record(z.string().max(64), z.int().nonnegative()),
  /** Sources with the time of their data. */
  feeds: z.array(z.object({ name: z.string().max(256), asOf: time, records: z.int().nonnegative() })).max(5_000),
  /** Complete database, to which deltas lead on. */
  image: z.object({
    content: sha256,
    /** Digests of unpacked chunks, by which an interrupted download knows what it has. */
    chunks: z.array(z.object({ bytes: unpackedBytes, sha256 })).min(1),
  }),
  deltas: z.array(z.object({ from: sha256, to: sha256, bytes: unpackedBytes })),
});
export type ArtifactConfig = z.infer<typeof artifactConfig>;

/** AdvisoryArtifact whose manifest and config agree. */
export interface AdvisoryArtifact {
  digest: Digest;
  manifestBytes: Buffer;
  config: ArtifactConfig;
  configBlob: Descriptor;
  /** Packed chunks and deltas, in the order of the config. */
  chunks: Descriptor[];
  deltas: Descriptor[];
}

/**
 * Reads an artifact that a manifest describes; the caller has verified who signed the manifest.
 * @throws InvalidInput `ARTIFACT_INVALID`; LimitExceeded
 */
export async function readArtifact(
  place: AdvisoryPlace,
  { digest, mediaType, bytes }: { digest: Digest; mediaType: string; bytes: Buffer },
): Promise<AdvisoryArtifact> {
  const manifest = parseManifest(bytes, mediaType || undefined);
  if (manifest.kind !== 'manifest' || manifest.config.mediaType !== artifactTypes.config) {
    throw invalid(digest, 'it is no artifact of advisories');
  }
  if (manifest.config.size > artifactLimits.maxConfigBytes) {
    throw new LimitExceeded('maxConfigBytes', `config of ${manifest.config.size} bytes`);
  }
  const config = readConfig(digest, await readAll(place, manifest.config));
  const { chunks, deltas } = layersOf(digest, manifest, config);
  return { digest, manifestBytes: bytes, config, configBlob: manifest.config, chunks, deltas };
}

function readConfig(digest: Digest, bytes: Buffer): ArtifactConfig {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString());
  } catch {
    throw invalid(digest, 'its config is no JSON');
  }
  const { data, error } = artifactConfig.safeParse(json);
  if (!data) throw invalid(digest, `its config has a wrong ${error.issues[0]?.path.join('.') || 'form'}`);
  const unpacked = data.image.chunks.reduce((sum, { bytes: each }) => sum + each, 0);
  if (unpacked > artifactLimits.maxDatabaseBytes) {
    throw new LimitExceeded('maxDatabaseBytes', `a database of ${unpacked} bytes`);
  }
  if (deltasFrom(data, data.image.content) === null) throw invalid(digest, 'its deltas do not lead to its content');
  return data;
}

function layersOf(digest: Digest, { layers }: ImageManifest, { image, deltas }: ArtifactConfig) {
  const expected = [...image.chunks.map(() => artifactTypes.chunk), ...deltas.map(() => artifactTypes.delta)];
  const isExpected = (layer: Descriptor, index: number) =>
    layer.mediaType === expected[index] && layer.size <= artifactLimits.maxBlobBytes;
  if (layers.length !== expected.length || !layers.every(isExpected)) {
    throw invalid(digest, 'its layers are not those of its config');
  }
  return { chunks: layers.slice(0, image.chunks.length), deltas: layers.slice(image.chunks.length) };
}

/** Positions of the deltas that lead from a content to that of the artifact; null if none do. */
export function deltasFrom(
  { content, deltas }: Pick<ArtifactConfig, 'content' | 'deltas'>,
  from: string,
): number[] | null {
  const path: number[] = [];
  let at = from;
  for (const [index, { from: before, to }] of deltas.entries()) {
    if (at === content || before !== at) continue;
    path.push(index);
    at = to;
  }
  return at === content ? path : null;
}

export function invalid(digest: Digest, reason: string): InvalidInput {
  return new InvalidInput('ARTIFACT_INVALID', `${digest} cannot be used: ${reason}`);
}
