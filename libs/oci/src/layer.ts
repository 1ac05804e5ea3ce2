import { createHash } from 'node:crypto';

import { InvalidInput, type Digest } from '@tidewaiter/domain';

import { ByteWalk } from './byte-walk.js';
import { decompress } from './decompress.js';
import type { EntryTable } from './entry-table.js';
import { LayerCollector, type FileSink, type Link, type TakenFile } from './layer-collector.js';
import type { DigestAlgorithm, LayerEntries, LayerEntry } from './layer-entry.js';
import { release } from './lent-memory.js';
import { layerLimits, type LayerLimits } from './limits.js';
import { announcedCompression } from './media-types.js';
import { overlay } from './overlay.js';
import { parseTar } from './tar.js';
import { BlobTail } from './toc-footer.js';
import { verifyToc } from './toc.js';
import { WarningList, type Warning } from './warning.js';

export interface ReadLayerOptions extends FileSink {
  mediaType: string;
  /** From the image config; a layer with another diffID is rejected. */
  expectedDiffId?: Digest;
  limits?: Partial<LayerLimits>;
}

/** Result of reading a layer once. */
export interface LayerContent {
  diffId: Digest;
  /** Last entry of each path; whiteouts are separate entries. */
  entries: EntryTable;
  /** Paths of taken files for which `wantsLink` holds: links to them need no second read. */
  linkable: Set<string>;
  /** Wanted links. */
  links: Link[];
  warnings: Warning[];
  uncompressedBytes: number;
}

/**
 * Reads a layer once as it arrives: lists every entry with its digest and passes on the wanted
 * files, one after the other. Nothing is written to disk, and at most one wanted file and the list
 * are in memory.
 * @throws InvalidInput `CORRUPT_LAYER`, `TRUNCATED_LAYER`, `UNSUPPORTED_COMPRESSION`,
 * `DIFF_ID_MISMATCH`
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
    options.progressed?.();
    // Mostly there is none, and waiting for it would cost a turn of the event loop.
    const settled = options.settle?.();
    if (settled) await settled;
    if (compression !== 'none') release(chunk);
  }
  tar.end();
  await options.settle?.();
  const diffId = `sha256:${hash.digest('hex')}`;
  if (options.expectedDiffId !== undefined && options.expectedDiffId !== diffId) {
    throw new InvalidInput('DIFF_ID_MISMATCH', `layer unpacks to ${diffId}, the config says ${options.expectedDiffId}`);
  }
  return { diffId, ...collector.result(), warnings: warnings.toArray(), uncompressedBytes };
}

/**
 * Reads a layer, and a second time if wanted links lead to files of the layer that were not wanted
 * by their own names: those are passed on under the link's path. `overlay` resolves links into
 * other layers. A layer for lazy pulling is read again, too, to compare its table of contents.
 * @param open opens the blob from its start
 * @throws as `readLayer`; InvalidInput `TOC_MISMATCH`
 */
export async function readLayerFollowingLinks(
  open: () => AsyncIterable<Uint8Array>,
  options: ReadLayerOptions,
): Promise<LayerContent> {
  const tail = new BlobTail();
  const content = await readLayer(tail.watch(open()), options);
  const toc = tail.tocPlace();
  const limits = { ...layerLimits, ...options.limits };
  if (toc) await verifyToc(toc, { open, limits, progressed: options.progressed });
  const warnings = new WarningList();
  const pending = affordableLinks(pendingLinks(content, options), limits, warnings);
  if (pending.size > 0) {
    const targets = await readLinked(open, options, pending, warnings);
    if (options.needsDigests) addDigests(content.entries, pending, targets);
  }
  content.warnings.push(...warnings.toArray());
  return content;
}

async function readLinked(
  open: () => AsyncIterable<Uint8Array>,
  { mediaType, limits, take, digests, needsDigests, progressed }: ReadLayerOptions,
  pending: ReadonlyMap<string, readonly PendingLink[]>,
  warnings: WarningList,
): Promise<EntryTable> {
  const taken = new Set<string>();
  const takeAll = (file: TakenFile) => {
    for (const { path } of pending.get(file.path) ?? []) {
      taken.add(path);
      take({ ...file, path });
    }
  };
  const wants = (path: string) => pending.has(path);
  // Digests of the first reading are complete, unless a file was of no use under its own name.
  const missing = needsDigests
    ? {
        ...(digests && { digests }),
        needsDigests: (path: string) => pending.get(path)?.some((link) => needsDigests(link.path)) ?? false,
      }
    : { digests: () => [] };
  const { entries } = await readLayer(open(), {
    mediaType,
    wants,
    take: takeAll,
    ...missing,
    ...(limits && { limits }),
    ...(progressed && { progressed }),
  });
  for (const { path, target } of [...pending.values()].flat()) {
    if (!taken.has(path)) warnings.add('FILE_TOO_LARGE', path, `link to ${target}, a sparse file that is not read`);
  }
  return entries;
}

/** Gives hard links the digests of their targets, which had a use for them only under the link. */
function addDigests(
  entries: EntryTable,
  pending: ReadonlyMap<string, readonly PendingLink[]>,
  targets: EntryTable,
): void {
  const digests = new Map<string, Pick<LayerEntry, DigestAlgorithm>>();
  for (const { path, type, sha256, md5, sha1 } of targets) {
    if (type !== 'file' || sha256 === undefined) continue;
    const known = { sha256, ...(md5 !== undefined && { md5 }), ...(sha1 !== undefined && { sha1 }) };
    for (const link of pending.get(path) ?? []) digests.set(link.path, known);
  }
  for (let index = 0, { length } = entries; index < length && digests.size > 0; index += 1) {
    const { path, type, mode, uid, gid, mtime, size, sha256, linkTarget, capabilities } = entries.at(index)!;
    const missing = type === 'hardlink' && sha256 === undefined ? digests.get(path) : undefined;
    if (!missing) continue;
    entries.add({ path, type, mode, uid, gid, mtime, size, linkTarget, capabilities, ...missing });
    entries.remove(index);
  }
  entries.compact();
}

/** Wanted link with the size of its target file. */
interface PendingLink extends Link {
  sizeBytes: number;
}

/** Groups links by target file and drops those above the byte limits of a layer, with a warning. */
function affordableLinks(
  links: readonly PendingLink[],
  { maxWantedFileBytes, maxLinkedBytes }: LayerLimits,
  warnings: WarningList,
): Map<string, PendingLink[]> {
  let linkedBytes = 0;
  const affordable = links.filter(({ path, target, sizeBytes }) => {
    const limit = Math.min(maxWantedFileBytes, maxLinkedBytes - linkedBytes);
    if (sizeBytes > limit) {
      const message = `link to ${target}, of ${sizeBytes} bytes, not read: the limit is ${limit}`;
      warnings.add('FILE_TOO_LARGE', path, message);
      return false;
    }
    linkedBytes += sizeBytes;
    return true;
  });
  return Map.groupBy(affordable, ({ target }) => target);
}

/**
 * Wanted links to files of the same layer that were not read under their own name; `target` is the
 * file's path.
 */
export function pendingLinks(
  { entries, linkable, links }: { entries: LayerEntries } & Pick<LayerContent, 'linkable' | 'links'>,
  { wantsHardlink }: Pick<FileSink, 'wantsHardlink'>,
): PendingLink[] {
  if (links.length === 0) return [];
  const layer = overlay([entries]);
  const pending: PendingLink[] = [];
  for (const { path, target } of links) {
    const found = layer.lookup(target)?.entry;
    if (found?.type !== 'file') continue;
    const isRead = linkable.has(found.path) && !wantsHardlink?.(path, found.path);
    if (!isRead) pending.push({ path, target: found.path, sizeBytes: found.size });
  }
  return pending;
}
