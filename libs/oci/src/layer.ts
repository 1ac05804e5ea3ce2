import { createHash } from 'node:crypto';

import { InvalidInput, type Digest } from '@tidewaiter/domain';

import { ByteWalk } from './byte-walk.js';
import { decompress } from './decompress.js';
import { LayerCollector, type FileSink, type Link, type TakenFile } from './layer-collector.js';
import type { LayerEntry } from './layer-entry.js';
import { release } from './lent-memory.js';
import { layerLimits, type LayerLimits } from './limits.js';
import { announcedCompression } from './media-types.js';
import { overlay } from './overlay.js';
import { parseTar } from './tar.js';
import { WarningList, type Warning } from './warning.js';

export interface ReadLayerOptions extends FileSink {
  mediaType: string;
  /** From the image config; a layer with another one is refused. */
  expectedDiffId?: Digest;
  limits?: Partial<LayerLimits>;
}

/** Everything that one reading of a layer gives. */
export interface LayerContent {
  diffId: Digest;
  /** Each path once, as the last entry of that name has it; whiteouts stand beside the files. */
  entries: LayerEntry[];
  /** Paths of the wanted files: what was handed out for any other path has been replaced by a later entry. */
  taken: Set<string>;
  /** Wanted links. */
  links: Link[];
  warnings: Warning[];
  uncompressedBytes: number;
}

/**
 * Reads a layer once as it arrives: lists every entry with its digest and hands out the wanted files, one after the other.
 * Nothing touches a disk and no more than one wanted file and the list is held in memory.
 * @throws InvalidInput `CORRUPT_LAYER`, `TRUNCATED_LAYER`, `UNSUPPORTED_COMPRESSION`, `DIFF_ID_MISMATCH`
 * @throws LimitExceeded with the name of one of `layerLimits`
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export async function readLayer(blob: AsyncIterable<Uint8Array>, options: ReadLayerOptions): Promise<LayerContent> {
  const limits = { ...layerLimits, ...options.limits };
  const warnings = new WarningList();
  const collector = new LayerCollector(options, limits, warnings);
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
    if (compression !== 'none') release(chunk);
  }
  tar.end();
  const diffId = `sha256:${hash.digest('hex')}`;
  if (options.expectedDiffId !== undefined && options.expectedDiffId !== diffId) {
    throw new InvalidInput('DIFF_ID_MISMATCH', `layer unpacks to ${diffId}, the config says ${options.expectedDiffId}`);
  }
  return { diffId, ...collector.result(), warnings: warnings.toArray(), uncompressedBytes };
}

/**
 * Reads a layer, and once more when wanted links lead to files of it that were not wanted by their own names: then those are
 * handed out under the link's path. Links into other layers are resolved by `overlay`.
 * @param open opens the blob from its start
 * @throws as `readLayer`
 */
export async function readLayerFollowingLinks(
  open: () => AsyncIterable<Uint8Array>,
  options: ReadLayerOptions,
): Promise<LayerContent> {
  const content = await readLayer(open(), options);
  const pending = Map.groupBy(pendingLinks(content, options.wantsLink), ({ target }) => target);
  if (pending.size === 0) return content;
  const take = (file: TakenFile) => {
    for (const { path } of pending.get(file.path) ?? []) {
      content.taken.add(path);
      options.take({ ...file, path });
    }
  };
  const { mediaType, limits } = options;
  await readLayer(open(), { mediaType, wants: (path) => pending.has(path), take, ...(limits && { limits }) });
  return content;
}

/** The wanted links that end at a file of the same layer whose own name is not of that kind; that file's path as `target`. */
export function pendingLinks(
  { entries, taken, links }: Pick<LayerContent, 'entries' | 'taken' | 'links'>,
  wantsLink: FileSink['wantsLink'],
): Link[] {
  if (links.length === 0) return [];
  const layer = overlay([entries]);
  const pending: Link[] = [];
  for (const { path, target } of links) {
    const found = layer.lookup(target)?.entry;
    if (found?.type !== 'file' || (taken.has(found.path) && wantsLink?.(found.path))) continue;
    pending.push({ path, target: found.path });
  }
  return pending;
}
