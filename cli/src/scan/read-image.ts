import { availableParallelism } from 'node:os';

import {
  type AnalysisOptions,
  analysisVersion,
  type AnalyzedLayer,
  analyzeTree,
  decodeFacts,
} from '@tidewaiter/analyzers';
import { TidewaiterError } from '@tidewaiter/domain';
import { decodeEntries } from '@tidewaiter/oci';
import { LayerThreads, packLayer, type PackedLayer } from '@tidewaiter/sandbox';

import type { ImageSource, SourceLayer } from '../sources/image-source.js';
import { LayerCache } from './layer-cache.js';
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
  const unknown = distinct(source.layers).filter((layer) => !known.has(keyOf(layer)));
  const fresh = await readLayers(unknown, analysis, progress, signal);
  await Promise.all([...fresh].map(([layer, packed]) => cache.put(layer, packed)));
  for (const [layer, packed] of fresh) known.set(keyOf(layer), unpack(packed));
  return {
    layers: source.layers.map((layer) => known.get(keyOf(layer))!),
    layersAnalyzed: fresh.size,
    layersFromCache: known.size - fresh.size,
    bytesRead: [...fresh.values()].reduce((total, { uncompressedBytes }) => total + uncompressedBytes, 0),
  };
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
 * worth one that need not be started.
 */
async function readLayers(
  layers: readonly SourceLayer[],
  analysis: AnalysisOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<Map<SourceLayer, PackedLayer>> {
  const bySize = layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  const bytes = layers.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const cores = bytes < threadedFromBytes ? 1 : Math.min(availableParallelism(), layers.length, maxThreads);
  const threads = new LayerThreads(cores);
  const inThread: typeof packLayer = (open, options) => threads.analyze(open, options, signal);
  const read = new Map<SourceLayer, PackedLayer>();
  const lane = async (next: () => SourceLayer | undefined, reader: typeof packLayer) => {
    for (let layer = next(); layer; layer = next()) {
      const source = layer;
      const { mediaType, diffId: expectedDiffId } = source;
      const readFrom = (open: () => AsyncIterable<Uint8Array>) =>
        reader(() => abortable(progress.counted(open()), signal), { mediaType, expectedDiffId, ...analysis });
      read.set(layer, await readTrusted(source, readFrom, signal));
      progress.layerDone();
    }
  };
  try {
    const others = Array.from({ length: cores - 1 }, () => lane(() => bySize.shift(), inThread));
    await Promise.all([...others, lane(() => bySize.pop(), packLayer)]);
    return read;
  } finally {
    await threads.close();
  }
}

/** Nothing is said of an image because of what a mirror gave. */
async function readTrusted(
  { open, openOriginal }: SourceLayer,
  readFrom: (open: () => AsyncIterable<Uint8Array>) => Promise<PackedLayer>,
  signal: AbortSignal,
): Promise<PackedLayer> {
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
