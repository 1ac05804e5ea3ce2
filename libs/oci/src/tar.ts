import { LimitExceeded } from '@tidewaiter/domain';

import { pass, take, type ByteParser, type Demand } from './byte-walk.js';
import { corrupt, truncated } from './layer-errors.js';
import { decodeName } from './paths.js';
import { readPax, type TarExtensions } from './tar-extensions.js';
import { blockSize, isZeroBlock, paddingOf, readHeader, untilNul, type TarHeader } from './tar-header.js';
import { checkedSparse, passSparse, readGnuSparse, readSparseInData, type Sparse } from './tar-sparse.js';

/** Entry of a tar: its header with everything that extended headers override. */
export interface TarMember {
  /** Name as in the archive. */
  name: string;
  linkName: string;
  flag: string;
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970, as {@link LayerEntry.mtime}. */
  mtime?: number;
  /** Bytes of the file; of a sparse file with its holes. */
  size: number;
  /** As in {@link TarExtensions}. */
  capabilities?: string;
  /** As in {@link TarExtensions}. */
  isRedirected?: boolean;
  isSparse: boolean;
}

/** Receives the entries of a tar in order; `data` and `hole` come between `start` and `end`. */
export interface TarVisitor {
  start(member: TarMember): void;
  data(piece: Buffer): void;
  /** Zeros that the archive does not store. */
  hole(bytes: number): void;
  end(): void;
}

export interface TarLimits {
  maxEntries: number;
  maxHeaderBytes: number;
}

/** Types without content, whatever size they claim: links, devices, directories and fifos. */
const contentless = new Set(['1', '2', '3', '4', '5', '6']);

/**
 * Extended headers of the next entry. A PAX header replaces the one before it; GNU names override
 * both.
 */
interface Extensions {
  pax?: TarExtensions;
  gnu?: { path?: string; linkPath?: string };
}

/**
 * Reads a tar (v7, ustar, PAX, GNU, sparse files) exactly like Go's archive/tar, which container
 * runtimes use: an ambiguous tar could show the scanner one file and the container another.
 * @throws InvalidInput `CORRUPT_LAYER`, `TRUNCATED_LAYER`
 * @throws LimitExceeded `maxEntries`, `maxHeaderBytes`
 */
export function* parseTar(visitor: TarVisitor, limits: TarLimits): ByteParser {
  let extensions: Extensions = {};
  let entries = 0;
  for (;;) {
    const block = yield* take(blockSize);
    if (block.length === 0 || isZeroBlock(block)) {
      // Some writers omit one or both zero blocks at the end.
      const next = block.length === 0 ? block : yield* take(blockSize);
      if (next.length > 0 && !isZeroBlock(next)) throw corrupt('tar with a zero block in the middle');
      if (extensions.pax || extensions.gnu) throw truncated('tar ends after an extended header');
      return;
    }
    if (block.length < blockSize) throw truncated('tar ends inside a header');
    const header = readHeader(block);
    if (isExtendedHeader(header.flag)) {
      extensions = extend(extensions, header.flag, yield* readPayload(header, limits));
      continue;
    }
    entries += 1;
    if (entries > limits.maxEntries) {
      throw new LimitExceeded('maxEntries', `layer with more than ${limits.maxEntries} entries`);
    }
    yield* readMember(header, block, { ...extensions.pax, ...extensions.gnu }, visitor, limits);
    extensions = {};
  }
}

function isExtendedHeader(flag: string): boolean {
  return flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K';
}

function* readPayload(header: TarHeader, limits: TarLimits): Generator<Demand, Buffer, Buffer> {
  if (header.size > limits.maxHeaderBytes) {
    throw new LimitExceeded('maxHeaderBytes', `tar entry with an extended header of ${header.size} bytes`);
  }
  const payload = yield* take(header.size);
  if (payload.length < header.size) throw truncated('tar ends inside an extended header');
  yield* pass(paddingOf(header.size));
  return payload;
}

function extend(extensions: Extensions, flag: string, payload: Buffer): Extensions {
  if (flag === 'x') return { ...extensions, pax: readPax(payload) };
  // Global headers (git archive's comment): Go returns them as entries; no runtime applies them to
  // others.
  if (flag === 'g') return {};
  const name = decodeName(untilNul(payload));
  if (name === '') return extensions;
  return { ...extensions, gnu: { ...extensions.gnu, ...(flag === 'L' ? { path: name } : { linkPath: name }) } };
}

function* readMember(
  header: TarHeader,
  block: Buffer,
  extensions: TarExtensions,
  visitor: TarVisitor,
  limits: TarLimits,
): ByteParser {
  const name = extensions.path ?? header.name;
  const flag = header.flag === '\0' ? oldFlag(name) : header.flag;
  const stored = contentless.has(flag) ? 0 : (extensions.size ?? header.size);
  const sparse = yield* readSparse(header, block, extensions, stored, limits);
  const size = sparse?.realSize ?? stored;
  visitor.start({
    name: extensions.sparse?.name ?? name,
    linkName: extensions.linkPath ?? header.linkName,
    flag: isFile(flag) ? fileFlag(name, size) : flag,
    mode: header.mode,
    uid: extensions.uid ?? header.uid,
    gid: extensions.gid ?? header.gid,
    mtime: extensions.mtime ?? header.mtime,
    size,
    capabilities: extensions.capabilities,
    isRedirected: extensions.isRedirected,
    isSparse: sparse !== undefined,
  });
  const missing = sparse ? yield* passSparse(sparse, visitor) : yield* pass(stored, (piece) => visitor.data(piece));
  if (missing > 0) throw truncated(`tar ends ${missing} bytes before the end of an entry`);
  visitor.end();
  yield* pass(paddingOf(stored));
}

/** Type for headers of old tars, which had no type for directories. */
function oldFlag(name: string): string {
  return name.endsWith('/') ? '5' : '0';
}

/** Files, contiguous files and sparse files. */
function isFile(flag: string): boolean {
  return flag === '0' || flag === '7' || flag === 'S';
}

/**
 * Most readers treat a file whose name ends in a slash as a directory; Go does so only if it has no
 * content.
 */
function fileFlag(name: string, size: number): string {
  return name.endsWith('/') && size === 0 ? '5' : '0';
}

/** The three ways to store a sparse file; undefined for a file that stores every byte. */
function* readSparse(
  header: TarHeader,
  block: Buffer,
  extensions: TarExtensions,
  stored: number,
  limits: TarLimits,
): Generator<Demand, Sparse | undefined, Buffer> {
  if (header.flag === 'S') return yield* readGnuSparse(header, block, stored, limits.maxHeaderBytes);
  if (!extensions.sparse) return undefined;
  const { map, realSize } = extensions.sparse;
  if (map) return checkedSparse(map, realSize, stored);
  return yield* readSparseInData(realSize, stored, limits.maxHeaderBytes);
}
