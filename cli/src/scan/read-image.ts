import { availableParallelism } from 'node:os';

import {
  type AnalysisOptions,
  analysisVersion,
  analyzeLayer,
  type AnalyzedLayer,
  analyzeTree,
  decodeFacts,
  encodeFacts,
} from '@tidewaiter/analyzers';
import { TidewaiterError } from '@tidewaiter/domain';
import { decodeEntries, encodeEntries } from '@tidewaiter/oci';
import { LayerThreads, type PackedLayer } from '@tidewaiter/sandbox';

import type { ImageSource, SourceLayer } from '../sources/image-source.js';
import { LayerCache, type LayerToKeep } from './layer-cache.js';
import type { Progress } from './progress.js';

/** What was read of an image, and how. */
export interface ReadImage {
  /** From the bottom up; a file tree is one. */
  layers: AnalyzedLayer[];
  layersAnalyzed: number;
  layersFromCache: number;
  /** Uncompressed, of the layers that were read now. */
  bytesRead: number;
}

const maxThreads = 4;
/** Below this a thread takes longer to start than the layers to read. */
const threadedFromBytes = 16 * 1024 * 1024;

/** Reads every layer of an image that the cache does not know, each different one once. */
export async function readImage(
  source: ImageSource,
  cacheDir: string,
  analysis: AnalysisOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<ReadImage> {
  if (source.tree) {
    const tree = await analyzeTree(source.tree(), analysis);
    return { layers: [tree], layersAnalyzed: 1, layersFromCache: 0, bytesRead: tree.uncompressedBytes };
  }
  const cache = new LayerCache(cacheDir, analysisVersion(analysis));
  const known = await knownLayers(source.layers, cache);
  const layersFromCache = known.size;
  const unknown = distinct(source.layers).filter((layer) => !known.has(keyOf(layer)));
  let bytesRead = 0;
  const keep = async (layer: SourceLayer, read: AnalyzedLayer, kept: LayerToKeep) => {
    await cache.put(layer, kept);
    known.set(keyOf(layer), read);
    bytesRead += kept.uncompressedBytes;
    progress.layerDone();
  };
  await readLayers(unknown, analysis, keep, progress, signal);
  const layers = source.layers.map((layer) => known.get(keyOf(layer))!);
  return { layers, layersAnalyzed: unknown.length, layersFromCache, bytesRead };
}

/** Images repeat layers, empty ones above all. */
function distinct(layers: readonly SourceLayer[]): SourceLayer[] {
  return [...new Map(layers.map((layer) => [keyOf(layer), layer])).values()];
}

function keyOf({ digest, diffId }: SourceLayer): string {
  return `${digest} ${diffId}`;
}

async function knownLayers(layers: readonly SourceLayer[], cache: LayerCache): Promise<Map<string, AnalyzedLayer>> {
  const known = new Map<string, AnalyzedLayer>();
  for (const layer of distinct(layers)) {
    const packed = await cache.get(layer);
    const unpacked = packed && tryUnpack(packed);
    if (!unpacked) continue;
    await layer.verify?.();
    known.set(keyOf(layer), unpacked);
  }
  return known;
}

/** A file of the cache that a full disk cut short is read again. */
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
 * Reads layers on several cores: threads take the largest ones, this thread the smallest ones, until none is left. This thread is
 * worth one that need not be started, and what it reads need not be packed and unpacked.
 */
async function readLayers(
  layers: readonly SourceLayer[],
  analysis: AnalysisOptions,
  keep: (layer: SourceLayer, read: AnalyzedLayer, kept: LayerToKeep) => Promise<void>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const bySize = layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  const bytes = layers.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const cores = bytes < threadedFromBytes ? 1 : Math.min(availableParallelism(), layers.length, maxThreads);
  const threads = new LayerThreads(cores);
  const counted = (open: SourceLayer['open']) => () => abortable(progress.counted(open()), signal);
  const options = ({ mediaType, diffId }: SourceLayer) => ({ mediaType, expectedDiffId: diffId, ...analysis });
  const largestInThread = async () => {
    for (let layer = bySize.shift(); layer; layer = bySize.shift()) {
      const settings = options(layer);
      const packed = await readTrusted(layer, (open) => threads.analyze(counted(open), settings, signal), signal);
      await keep(layer, unpack(packed), { ...packed, entries: [packed.entries] });
    }
  };
  const smallestHere = async () => {
    for (let layer = bySize.pop(); layer; layer = bySize.pop()) {
      const settings = options(layer);
      const read = await readTrusted(layer, (open) => analyzeLayer(counted(open), settings), signal);
      const { uncompressedBytes, facts, entries } = read;
      const packed = { facts: encodeFacts(facts), entries: encodeEntries(entries.pages()) };
      await keep(layer, read, { uncompressedBytes, entryCount: entries.length, ...packed });
    }
  };
  try {
    await Promise.all([...Array.from({ length: cores - 1 }, largestInThread), smallestHere()]);
  } finally {
    await threads.close();
  }
}

/** Nothing is said of an image because of what a mirror gave. */
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

async function* abortable(blob: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of blob) {
    signal.throwIfAborted();
    yield chunk;
  }
}
