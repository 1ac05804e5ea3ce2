import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

import {
  type AnalysisOptions,
  analysisVersion,
  analyzeLayer,
  type AnalyzedLayer,
  analyzeTree,
  decodeFacts,
  emptyLayer,
  encodeFacts,
  FactBudget,
  factLimitsFor,
} from '@tidewaiter/analyzers';
import { LimitExceeded, TidewaiterError } from '@tidewaiter/domain';
import type { UnreadLayer } from '@tidewaiter/integrity';
import { decodeEntries, encodeEntries, imageLimits, release, type Warning } from '@tidewaiter/oci';
import { LayerProcesses, limitsIn, type PackedLayer, type ReadingLimits, processLimits } from '@tidewaiter/sandbox';
import { redactedReason, redactSecrets } from '@tidewaiter/secrets';

import { environment } from '../context.js';
import type { ImageSource, SourceLayer } from '../sources/image-source.js';
import { LayerCache, type LayerToKeep } from './layer-cache.js';
import type { ScanProgress } from './progress.js';
import { VerifiedBlobs } from './verified-blobs.js';

/** Analyzed layers of an image, with statistics. */
export interface ReadImage {
  /** From the bottom up; a file tree is one. A layer that could not be read is empty. */
  layers: AnalyzedLayer[];
  /** The layers that could not be read, and why. */
  unread: UnreadLayer[];
  layersAnalyzed: number;
  layersFromCache: number;
  /** Uncompressed bytes of the layers that were read now. */
  bytesRead: number;
  /** Compressed bytes of all layers; infinite for a file tree, of which nothing is stored. */
  sizeBytes: number;
  /** Warnings about facts that were left out. */
  warnings: Warning[];
}

/** An opened image, and how to read it. */
export interface ImageToRead {
  source: ImageSource;
  /** Folder of the caches. */
  cacheDir: string;
  /** Processes that are kept for the next target; undefined to end them with this one. */
  readers?: SharedReaders | undefined;
  progress: ScanProgress;
  signal: AbortSignal;
}

interface Reading {
  analysis: AnalysisOptions;
  limits: ReadingLimits;
  progress: ScanProgress;
  signal: AbortSignal;
  readers: SharedReaders | undefined;
}

/** Readers of layers that the targets of one command share. */
export interface SharedReaders {
  verified: VerifiedBlobs;
  /** Processes that read layers; none until a target needs one. */
  processes?: LayerProcesses;
}

const maxProcesses = 4;
/** Hashing holes blocks the event loop and `--timeout`: beyond it, a layer is read in a process. */
const maxSparseBytesHere = 256 * 1024 * 1024;
/** Size below which a process takes longer to start than the layers take to read. */
const apartFromBytes = 16 * 1024 * 1024;
/**
 * One small image is read before code that TurboFan optimizes has saved what its compilation costs,
 * a tenth of the CPU time. Maglev still optimizes.
 */
const quickly = '--no-turbofan';

/**
 * Reads every layer of an image that is not cached, each distinct one once. A layer that cannot be
 * read does not affect the others.
 * @throws the reason of the signal; LimitExceeded `maxImageEntries`
 */
export async function readImage(
  { source, cacheDir, progress, signal, readers }: ImageToRead,
  analysis: AnalysisOptions,
): Promise<ReadImage> {
  if (source.tree) {
    const tree = await analyzeTree(source.tree(), analysis);
    const counts = { layersAnalyzed: 1, layersFromCache: 0, bytesRead: tree.uncompressedBytes };
    return { layers: [tree], unread: [], ...counts, sizeBytes: Infinity, warnings: [] };
  }
  const cache = new LayerCache(join(cacheDir, 'layers'), analysisVersion(analysis));
  const failures = new Map<string, unknown>();
  const failed = (layer: SourceLayer, error: unknown) => {
    // An aborted scan throws; an internal error is not the layer's fault either, but leaves it
    // unread all the same.
    signal.throwIfAborted();
    if (isTooLarge(error)) throw error;
    failures.set(keyOf(layer), error);
    progress.layerDone();
  };
  // All layers share one budget: each of a hundred layers may be as large as its own limits allow.
  const sizeBytes = sizeOf(source.layers);
  const budget = new FactBudget(factLimitsFor(sizeBytes, analysis.factLimits));
  if (sizeBytes < apartFromBytes && !readers) setFlagsFromString(quickly);
  const verified = readers?.verified ?? new VerifiedBlobs();
  const limits = limitsIn(environment);
  const merged = new EntryBudget(source.layers, limits.image);
  const known = await knownLayers(source.layers, { cache, budget, merged, verified }, failed);
  const layersFromCache = known.size;
  const unknown = distinct(source.layers).filter((layer) => !known.has(keyOf(layer)) && !failures.has(keyOf(layer)));
  let bytesRead = 0;
  const keep = async (layer: SourceLayer, { entries, facts }: AnalyzedLayer, kept: LayerToKeep) => {
    await cache.put(layer, kept);
    merged.take(layer, kept.entryCount);
    known.set(keyOf(layer), { entries, facts: budget.admit(facts) });
    bytesRead += kept.uncompressedBytes;
    progress.layerDone();
  };
  const reading = { analysis, limits, progress, signal, readers };
  await readLayers(unknown, reading, keep, failed);
  const layers = source.layers.map((layer) => known.get(keyOf(layer)) ?? emptyLayer());
  const unread = source.layers.flatMap((layer) => {
    const key = keyOf(layer);
    return failures.has(key) ? [unreadLayer(layer, failures.get(key))] : [];
  });
  const layersAnalyzed = known.size - layersFromCache;
  const counts = { layersAnalyzed, layersFromCache, bytesRead };
  return { layers, unread, ...counts, sizeBytes, warnings: budget.warnings() };
}

function unreadLayer({ index, digest, diffId, createdBy }: SourceLayer, error: unknown): UnreadLayer {
  const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
  const limit = error instanceof LimitExceeded ? error.limit : null;
  return {
    index,
    digest,
    diffId,
    createdBy: createdBy === undefined ? null : redactSecrets(createdBy),
    code,
    limit,
    reason: redactedReason(error),
  };
}

/** Distinct layers: images repeat layers, mostly empty ones. */
function distinct(layers: readonly SourceLayer[]): SourceLayer[] {
  return [...new Map(layers.map((layer) => [keyOf(layer), layer])).values()];
}

function sizeOf(layers: readonly SourceLayer[]): number {
  let bytes = 0;
  for (const { sizeBytes } of layers) bytes += sizeBytes;
  return bytes;
}

function keyOf({ digest, diffId }: SourceLayer): string {
  return `${digest} ${diffId}`;
}

/** Entries of the layers of an image, which are merged in memory. */
class EntryBudget {
  readonly #most: number;
  readonly #layers: Map<string, number>;
  #taken = 0;

  constructor(layers: readonly SourceLayer[], { maxImageEntries }: ReadingLimits['image']) {
    this.#most = maxImageEntries ?? imageLimits.maxImageEntries;
    this.#layers = new Map([...Map.groupBy(layers, keyOf)].map(([key, each]) => [key, each.length]));
  }

  /**
   * Takes the entries of a layer, as often as the image has it.
   * @throws LimitExceeded `maxImageEntries`
   */
  take(layer: SourceLayer, entries: number): void {
    this.#taken += entries * this.#layers.get(keyOf(layer))!;
    if (this.#taken > this.#most)
      throw new LimitExceeded('maxImageEntries', `the layers have more than ${this.#most} entries together`);
  }
}

/** Whether the image has too many entries, rather than one of its layers. */
function isTooLarge(error: unknown): boolean {
  return error instanceof LimitExceeded && error.limit === 'maxImageEntries';
}

type LayerFailed = (layer: SourceLayer, error: unknown) => void;

async function knownLayers(
  layers: readonly SourceLayer[],
  {
    cache,
    budget,
    merged,
    verified,
  }: { cache: LayerCache; budget: FactBudget; merged: EntryBudget; verified: VerifiedBlobs },
  failed: LayerFailed,
): Promise<Map<string, AnalyzedLayer>> {
  const known = new Map<string, AnalyzedLayer>();
  for (const layer of distinct(layers)) {
    const packed = await cache.get(layer);
    const unpacked = packed && tryUnpack(packed);
    if (!unpacked) continue;
    try {
      await verified.verify(layer);
      merged.take(layer, unpacked.entries.length);
      known.set(keyOf(layer), { ...unpacked, facts: budget.admit(unpacked.facts) });
    } catch (error) {
      failed(layer, error);
    }
  }
  return known;
}

/** Unpacks a cached layer; null for a file that a full disk truncated, which is then read again. */
function tryUnpack(packed: PackedLayer): AnalyzedLayer | null {
  try {
    return unpack(packed);
  } catch (error) {
    if (error instanceof TidewaiterError) return null;
    throw error;
  }
}

function unpack({ entries, facts }: PackedLayer): AnalyzedLayer {
  return { entries: decodeEntries(entries), facts: decodeFacts(facts) };
}

/**
 * Reads layers on several cores: processes take the largest ones, this one the smallest ones,
 * until none is left. It replaces one that would have to be started, and its layers need
 * not be packed and unpacked.
 */
async function readLayers(
  layers: readonly SourceLayer[],
  { analysis, limits, progress, signal, readers }: Reading,
  keep: (layer: SourceLayer, read: AnalyzedLayer, kept: LayerToKeep) => Promise<void>,
  failed: LayerFailed,
): Promise<void> {
  const bySize = layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  const maxCores = Math.min(availableParallelism(), maxProcesses);
  const cores = sizeOf(layers) < apartFromBytes ? 1 : Math.min(maxCores, layers.length);
  const processes = readers?.processes ?? new LayerProcesses(maxCores, { ...processLimits, ...limits.process });
  if (readers) readers.processes = processes;
  const counted = (open: SourceLayer['open']) => () => abortable(progress.counted(open()), signal);
  const options = ({ mediaType, diffId, sizeBytes }: SourceLayer) => ({
    mediaType,
    expectedDiffId: diffId,
    limits: limits.layer,
    ...analysis,
    factLimits: factLimitsFor(sizeBytes, analysis.factLimits),
  });
  const readApart = async (layer: SourceLayer) => {
    const settings = options(layer);
    const packed = await readTrusted(layer, (open) => processes.analyze(counted(open), settings, signal), signal);
    await keep(layer, unpack(packed), { ...packed, entries: [packed.entries] });
  };
  const readHere = async (layer: SourceLayer) => {
    const settings = {
      ...options(layer),
      limits: {
        ...limits.layer,
        maxSparseBytes: Math.min(limits.layer.maxSparseBytes ?? Infinity, maxSparseBytesHere),
      },
    };
    const read = await readTrusted(layer, (open) => analyzeLayer(counted(open), settings), signal);
    if (read.facts.warnings.some(({ code }) => code === 'SPARSE_FILE_NOT_HASHED')) return readApart(layer);
    const { uncompressedBytes, facts, entries } = read;
    const packed = { facts: encodeFacts(facts), entries: encodeEntries(entries.pages()) };
    await keep(layer, read, { uncompressedBytes, entryCount: entries.length, ...packed });
  };
  const largestApart = async () => {
    for (let layer = bySize.shift(); layer; layer = bySize.shift()) await orFailed(layer, readApart, failed);
  };
  const smallestHere = async () => {
    for (let layer = bySize.pop(); layer; layer = bySize.pop()) await orFailed(layer, readHere, failed);
  };
  try {
    await Promise.all([...Array.from({ length: cores - 1 }, largestApart), smallestHere()]);
  } finally {
    if (!readers) await processes.close();
  }
}

async function orFailed(
  layer: SourceLayer,
  read: (layer: SourceLayer) => Promise<void>,
  failed: LayerFailed,
): Promise<void> {
  try {
    await read(layer);
  } catch (error) {
    failed(layer, error);
  }
}

/** Retries from the registry itself: a mirror must not cause a finding about the image. */
async function readTrusted<T>(
  { open, openOriginal }: SourceLayer,
  readFrom: (open: SourceLayer['open']) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await readFrom(open);
  } catch (error) {
    if (!openOriginal || signal.aborted) throw error;
    return readFrom(openOriginal);
  }
}

/** Chunks of a blob until the signal, each released when its reader asks for the next one. */
async function* abortable(blob: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of blob) {
    signal.throwIfAborted();
    yield chunk;
    release(chunk);
  }
}
