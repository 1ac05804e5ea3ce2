import { createHash } from 'node:crypto';

import { InvalidInput, type Digest } from '@tidewaiter/domain';

import { ByteWalk } from './byte-walk.js';
import { decompress } from './decompress.js';
import { LayerCollector, type Link } from './layer-collector.js';
import type { LayerEntry } from './layer-entry.js';
import { layerLimits, type LayerLimits } from './limits.js';
import { announcedCompression } from './media-types.js';
import { overlay } from './overlay.js';
import { parseTar } from './tar.js';
import { WarningList, type Warning } from './warning.js';

export interface ReadLayerOptions {
  mediaType: string;
  /** From the image config; a layer with another one is refused. */
  expectedDiffId?: Digest;
  /** Whether the caller wants the content of the file at this path. */
  wants: (path: string) => boolean;
  limits?: Partial<LayerLimits>;
}

/** Everything that one reading of a layer gives. */
export interface LayerContent {
  diffId: Digest;
  /** Each path once, as the last entry of that name has it; whiteouts stand beside the files. */
  entries: LayerEntry[];
  /** The content of the wanted files. */
  files: Map<string, Buffer>;
  /** Wanted links whose content this reading did not keep. */
  links: Link[];
  warnings: Warning[];
  uncompressedBytes: number;
}

/**
 * Reads a layer once as it arrives: lists every entry with its digest and keeps the wanted files. Nothing touches a disk
 * and no more than the wanted files and the list is held in memory.
 * @throws InvalidInput `CORRUPT_LAYER`, `TRUNCATED_LAYER`, `UNSUPPORTED_COMPRESSION`, `DIFF_ID_MISMATCH`
 * @throws LimitExceeded with the name of one of `layerLimits`
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export async function readLayer(blob: AsyncIterable<Uint8Array>, options: ReadLayerOptions): Promise<LayerContent> {
  const limits = { ...layerLimits, ...options.limits };
  const warnings = new WarningList();
  const collector = new LayerCollector(options.wants, limits, warnings);
  const { compression, chunks } = await decompress(blob, limits);
  const announced = announcedCompression(options.mediaType);
  if (announced !== compression) {
    warnings.add('MEDIA_TYPE_MISMATCH', null, `layer of type ${options.mediaType} has compression ${compression}`);
  }
  const tar = new ByteWalk(parseTar(collector, limits));
  const hash = createHash('sha256');
  let uncompressedBytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    tar.write(chunk);
    uncompressedBytes += chunk.length;
  }
  tar.end();
  const diffId = `sha256:${hash.digest('hex')}`;
  if (options.expectedDiffId !== undefined && options.expectedDiffId !== diffId) {
    throw new InvalidInput('DIFF_ID_MISMATCH', `layer unpacks to ${diffId}, the config says ${options.expectedDiffId}`);
  }
  return { diffId, ...collector.result(), warnings: warnings.toArray(), uncompressedBytes };
}

/**
 * Reads a layer, and once more when wanted paths are links to files of it that nobody wanted by name: then their content
 * stands under the link's path too. Links into other layers are resolved by `overlay`.
 * @param open opens the blob from its start
 * @throws as `readLayer`
 */
export async function readLayerFollowingLinks(
  open: () => AsyncIterable<Uint8Array>,
  options: ReadLayerOptions,
): Promise<LayerContent> {
  const first = await readLayer(open(), options);
  const pending = pendingLinks(first);
  if (pending.length === 0) return first;
  const targets = new Set(pending.map(({ target }) => target));
  const second = await readLayer(open(), { ...options, wants: (path) => targets.has(path) || options.wants(path) });
  for (const { path, target } of pending) {
    const content = second.files.get(target);
    if (content) second.files.set(path, content);
  }
  return second;
}

/** The wanted links that end at a file of the same layer, each with that file's own path as `target`. */
export function pendingLinks({ entries, files, links }: LayerContent): Link[] {
  if (links.length === 0) return [];
  const layer = overlay([entries]);
  const pending: Link[] = [];
  for (const { path, target } of links) {
    const found = layer.lookup(target)?.entry;
    if (found?.type === 'file' && !files.has(found.path)) pending.push({ path, target: found.path });
  }
  return pending;
}
