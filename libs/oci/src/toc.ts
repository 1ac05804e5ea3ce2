import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { InvalidInput, printable } from '@tidewaiter/domain';

import { ByteWalk } from './byte-walk.js';
import { decompress } from './decompress.js';
import { field, isJsonObject, parseJsonObject, type UntrustedObject } from './json.js';
import { corrupt } from './layer-errors.js';
import { release } from './lent-memory.js';
import type { LayerLimits } from './limits.js';
import { normalizePath } from './paths.js';
import { redirection } from './tar-extensions.js';
import { blockSize, readHeader } from './tar-header.js';
import { parseTar, type TarMember, type TarVisitor } from './tar.js';
import type { TocPlace } from './toc-footer.js';

/** Limit on a table, which is in memory: that of a layer with 100,000 files has some 30 MB. */
const maxTocBytes = 64 * 1024 * 1024;
/** File of eStargz with the table itself. */
const tocName = 'stargz.index.json';
const zeros = Buffer.alloc(1024 * 1024);

const typesByFlag = new Map([
  ['0', 'reg'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'char'],
  ['4', 'block'],
  ['5', 'dir'],
  ['6', 'fifo'],
]);

/** How to read the layer again. */
interface TocReading {
  open: () => AsyncIterable<Uint8Array>;
  limits: LayerLimits;
  progressed?: (() => void) | undefined;
}

/**
 * Compares the table of contents of an eStargz or zstd:chunked layer with its tar. A runtime that
 * pulls lazily shows the files of the table, which nothing compares with the diffID: another tar
 * would be analyzed than run. The blob is at fault, not the tar, which other blobs may share.
 * @throws InvalidInput `TOC_MISMATCH` unless both have the same files
 */
export async function verifyToc(place: TocPlace | 'elsewhere', reading: TocReading): Promise<void> {
  if (place === 'elsewhere') throw mismatch('is not in the layer');
  const entries = await readToc(place, reading);
  if (entries === undefined) throw mismatch('cannot be read');
  const comparison = new TocComparison(entries);
  const tar = new ByteWalk(parseTar(comparison, reading.limits));
  const { compression, chunks } = await decompress(reading.open(), reading.limits);
  for await (const chunk of chunks) {
    tar.write(chunk);
    reading.progressed?.();
    if (compression !== 'none') release(chunk);
  }
  tar.end();
  const difference = comparison.difference();
  if (difference !== undefined) throw mismatch(`differs from the tar at ${printable(difference, 200)}`);
}

function mismatch(problem: string): InvalidInput {
  return new InvalidInput('TOC_MISMATCH', `the layer's table of contents for lazy pulling ${problem}`);
}

async function readToc({ compression, start, end }: TocPlace, reading: TocReading): Promise<unknown[] | undefined> {
  if (end - start > maxTocBytes) return undefined;
  const pieces: Buffer[] = [];
  let at = 0;
  // Up to the end, which proves the digest of the blob.
  for await (const chunk of reading.open()) {
    if (at < end && at + chunk.length > start)
      pieces.push(Buffer.from(chunk.subarray(Math.max(start - at, 0), end - at)));
    at += chunk.length;
    reading.progressed?.();
  }
  try {
    const packed = Buffer.concat(pieces);
    const options = { maxOutputLength: maxTocBytes };
    const json = compression === 'gzip' ? fileOf(gunzipSync(packed, options)) : zstdDecompressSync(packed, options);
    const entries = field(parseJsonObject(json, 'CORRUPT_LAYER', 'table of contents'), 'entries');
    return Array.isArray(entries) ? entries : undefined;
  } catch {
    return undefined;
  }
}

/** Content of the only file of a tar. */
function fileOf(tar: Buffer): Buffer {
  const { name, flag, size } = readHeader(tar.subarray(0, blockSize));
  if (name !== tocName || flag !== '0') throw corrupt('table of contents of another name');
  return tar.subarray(blockSize, blockSize + size);
}

/** Part of a file that is stored, and fetched, by itself. */
interface Chunk {
  bytes: number;
  /** Undefined for zeros, which are not stored. */
  digest: string | undefined;
}

/** Compares members of a tar, in their order, with the entries of a table. */
class TocComparison implements TarVisitor {
  #next = 0;
  #difference: string | undefined;
  #path = '';
  #chunks: Chunk[] = [];
  #left = 0;
  #hash = createHash('sha256');
  #isZero = true;

  constructor(private readonly entries: readonly unknown[]) {}

  /** Path of the first difference; undefined if there is none. */
  difference(): string | undefined {
    if (this.#difference === undefined && this.#next < this.entries.length)
      this.#difference = nameOf(this.entries[this.#next]);
    return this.#difference;
  }

  start(member: TarMember): void {
    const path = normalizePath(member.name);
    this.#path = path;
    this.#chunks = [];
    if (this.#difference !== undefined || path === tocName) return;
    const entry = this.entries[this.#next];
    this.#next += 1;
    if (!isJsonObject(entry) || !isSameMember(member, entry)) {
      this.#difference = path;
      return;
    }
    const parts = [entry];
    for (let part = this.entries[this.#next]; isChunk(part); part = this.entries[this.#next]) {
      parts.push(part);
      this.#next += 1;
    }
    this.#begin(parts, member.size);
  }

  #begin(parts: readonly UntrustedObject[], size: number): void {
    if (size === 0 && parts.length === 1) return;
    const chunks = chunksOf(parts, size);
    if (chunks === undefined) {
      this.#difference = this.#path;
      return;
    }
    this.#chunks = chunks;
    this.#left = chunks[0]!.bytes;
  }

  data(piece: Buffer): void {
    for (let at = 0; at < piece.length && this.#chunks.length > 0;) {
      const part = piece.subarray(at, at + this.#left);
      this.#hash.update(part);
      if (this.#chunks[0]!.digest === undefined) this.#isZero &&= part.every((byte) => byte === 0);
      this.#left -= part.length;
      at += part.length;
      if (this.#left === 0) this.#endChunk();
    }
  }

  hole(bytes: number): void {
    for (let left = bytes; left > 0 && this.#chunks.length > 0; left -= zeros.length) {
      this.data(zeros.subarray(0, Math.min(left, zeros.length)));
    }
  }

  end(): void {
    // A file ends with its last chunk, by its size.
  }

  #endChunk(): void {
    const { digest } = this.#chunks.shift()!;
    const isSame = digest === undefined ? this.#isZero : digest === `sha256:${this.#hash.digest('hex')}`;
    if (!isSame) this.#difference ??= this.#path;
    this.#hash = createHash('sha256');
    this.#isZero = true;
    this.#left = this.#chunks[0]?.bytes ?? 0;
  }
}

function isChunk(entry: unknown): entry is UntrustedObject {
  return isJsonObject(entry) && field(entry, 'type') === 'chunk';
}

function nameOf(entry: unknown): string {
  return isJsonObject(entry) ? normalizePath(textOf(entry, 'name')) : '';
}

/** Whether everything but the content is the same. */
function isSameMember(member: TarMember, entry: UntrustedObject): boolean {
  const type = typesByFlag.get(member.flag);
  const linkName = textOf(entry, 'linkName');
  const isSameLink =
    type === 'hardlink'
      ? normalizePath(linkName) === normalizePath(member.linkName)
      : type !== 'symlink' || linkName === member.linkName;
  return (
    isSameLink &&
    nameOf(entry) === normalizePath(member.name) &&
    textOf(entry, 'type') === type &&
    // Writers copy the size of the header, which is meaningless for anything but a file.
    (type !== 'reg' || numberOf(entry, 'size') === member.size) &&
    (numberOf(entry, 'mode') & 0o7777) === member.mode &&
    numberOf(entry, 'uid') >>> 0 === member.uid &&
    numberOf(entry, 'gid') >>> 0 === member.gid &&
    capabilitiesOf(entry) === (member.capabilities ?? '') &&
    isRedirected(entry) === (member.isRedirected ?? false)
  );
}

function capabilitiesOf(entry: UntrustedObject): string {
  const attributes = field(entry, 'xattrs');
  const value = isJsonObject(attributes) ? attributes['security.capability'] : undefined;
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('hex') : '';
}

/** As {@link TarMember.isRedirected}: runtimes set the attributes of the table. */
function isRedirected(entry: UntrustedObject): boolean {
  const attributes = field(entry, 'xattrs');
  return isJsonObject(attributes) && Object.keys(attributes).some((name) => redirection.test(name));
}

/** Chunks of a file; undefined unless they are the whole file, each with a digest or as zeros. */
function chunksOf(parts: readonly UntrustedObject[], size: number): Chunk[] | undefined {
  const chunks: Chunk[] = [];
  let at = 0;
  for (const part of parts) {
    const bytes = numberOf(part, 'chunkSize') || size - at;
    const own = textOf(part, 'chunkDigest') || (parts.length === 1 ? textOf(part, 'digest') : '');
    const isZeros = textOf(part, 'chunkType') === 'zeros';
    if (numberOf(part, 'chunkOffset') !== at || bytes <= 0 || (own === '' && !isZeros)) return undefined;
    chunks.push({ bytes, digest: isZeros ? undefined : own });
    at += bytes;
  }
  return at === size ? chunks : undefined;
}

function textOf(entry: UntrustedObject, name: string): string {
  const value = field(entry, name);
  return typeof value === 'string' ? value : '';
}

function numberOf(entry: UntrustedObject, name: string): number {
  const value = field(entry, name);
  return typeof value === 'number' ? value : 0;
}
