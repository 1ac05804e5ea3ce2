import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { hasLink, isKind, kindOf, packedDigests, typeOfKind, whiteoutOfKind } from './entry-kind.js';
import { EntryTable } from './entry-table.js';
import type { LayerEntry } from './layer-entry.js';
import { layerLimits } from './limits.js';

/** Stored with every layer that was read: the form of its list. */
export const entriesVersion = 2;

// One byte of version, then blocks: the number of compressed bytes (32 bits, little-endian) and that many of zstd. A block holds entries,
// all numbers as little-endian groups of seven bits:
//   kind (type, whiteout, which optional fields follow), characters shared with the path before, rest of the path,
//   mode, uid, gid, size, [32 bytes of sha256], [16 of md5], [20 of sha1], [link target]
// A layer of a distribution takes 40 to 50 bytes an entry, most of it digests. Nobody ever holds more than a block unpacked.
const blockBytes = 256 * 1024;
/** A block ends with the entry that fills it, whose names may have 4,096 characters each. */
const maxBlockBytes = blockBytes + 32 * 1024;
/** Linux ids have 32 bits. */
const maxId = 2 ** 32 - 1;

/** Packs the entries of a layer into one blob; the same entries give the same bytes. */
export function encodeEntries(entries: Iterable<LayerEntry>): Buffer {
  const blocks: Buffer[] = [Buffer.of(entriesVersion)];
  const writer = new Writer();
  let previous = '';
  for (const entry of entries) {
    writeEntry(writer, entry, previous);
    previous = entry.path;
    if (writer.length < blockBytes) continue;
    blocks.push(...packBlock(writer.take()));
    previous = '';
  }
  if (writer.length > 0) blocks.push(...packBlock(writer.take()));
  return Buffer.concat(blocks);
}

function packBlock(raw: Buffer): [Buffer, Buffer] {
  const packed = zstdCompressSync(raw);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(packed.length);
  return [length, packed];
}

function writeEntry(writer: Writer, entry: LayerEntry, previous: string): void {
  const { path, mode, uid, gid, size, linkTarget } = entry;
  writer.number(kindOf(entry));
  const shared = sharedLength(previous, path);
  writer.number(shared);
  writer.text(path.slice(shared));
  for (const number of [mode, uid, gid, size]) writer.number(number);
  for (const { algorithm } of packedDigests) {
    const digest = entry[algorithm];
    if (digest !== undefined) writer.hex(digest);
  }
  if (linkTarget !== undefined) writer.text(linkTarget);
}

/** Characters that both texts start with, never half a surrogate pair. */
function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  const last = length === 0 ? 0 : a.charCodeAt(length - 1);
  return last >= 0xd800 && last <= 0xdbff ? length - 1 : length;
}

/**
 * Unpacks what `encodeEntries` packed.
 * @throws InvalidInput `ENTRIES_INVALID`
 * @throws LimitExceeded `maxEntries`
 */
export function decodeEntries(blob: Uint8Array): EntryTable {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes[0] !== entriesVersion) throw invalid('of an unknown version');
  const entries = new EntryTable();
  for (let at = 1; at < bytes.length;) {
    const end = at + 4 + (bytes.length - at < 4 ? 0 : bytes.readUInt32LE(at));
    if (end > bytes.length) throw invalid('that ends inside a block');
    readBlock(unpackBlock(bytes.subarray(at + 4, end)), entries);
    at = end;
  }
  entries.compact();
  return entries;
}

function unpackBlock(packed: Buffer): Buffer {
  try {
    return zstdDecompressSync(packed, { maxOutputLength: maxBlockBytes });
  } catch (cause) {
    throw invalid('with a block that cannot be unpacked', cause);
  }
}

function readBlock(block: Buffer, entries: EntryTable): void {
  const reader = new Reader(block);
  let previous = '';
  while (!reader.isDone()) {
    if (entries.length === layerLimits.maxEntries) {
      throw new LimitExceeded('maxEntries', `file list of more than ${layerLimits.maxEntries} entries`);
    }
    const entry = readEntry(reader, previous);
    previous = entry.path;
    entries.add(entry);
  }
}

function readEntry(reader: Reader, previous: string): LayerEntry {
  const kind = reader.number();
  if (!isKind(kind)) throw invalid('with an unknown kind of entry');
  const path = previous.slice(0, reader.number()) + reader.text();
  const mode = reader.number(0xffff);
  const [uid, gid, size] = [reader.number(maxId), reader.number(maxId), reader.number()];
  const entry: LayerEntry = { path, type: typeOfKind(kind), mode, uid, gid, size };
  for (const { algorithm, bit, bytes } of packedDigests) if ((kind & bit) !== 0) entry[algorithm] = reader.hex(bytes);
  if ((kind & hasLink) !== 0) entry.linkTarget = reader.text();
  const whiteout = whiteoutOfKind(kind);
  if (whiteout !== undefined) entry.whiteout = whiteout;
  // Nobody could store such a path, and no name of a tar becomes one.
  if (isTooLong(path) || isTooLong(entry.linkTarget ?? '') || !path.isWellFormed())
    throw invalid('with an impossible path');
  return entry;
}

function isTooLong(name: string): boolean {
  return name.length > layerLimits.maxPathBytes;
}

function invalid(what: string, cause?: unknown): InvalidInput {
  return new InvalidInput('ENTRIES_INVALID', `file list ${what}`, { cause });
}

class Writer {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  number(value: number): void {
    this.#reserve(8);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.number(bytes);
    this.#reserve(bytes);
    this.#length += this.#bytes.write(value, this.#length);
  }

  hex(digest: string): void {
    this.#reserve(digest.length / 2);
    this.#length += this.#bytes.write(digest, this.#length, 'hex');
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, until something else is. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  number(most = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#pass(1)]!;
      value += (byte & 0x7f) * scale;
      // Not a number either, which is what endless zeros give.
      if (!(value <= most)) throw invalid('with an impossible number');
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  text(): string {
    const bytes = this.number();
    const start = this.#pass(bytes);
    const text = this.#bytes.toString('utf8', start, start + bytes);
    if (text.includes('\0')) throw invalid('with a NUL in a name');
    return text;
  }

  hex(bytes: number): string {
    const start = this.#pass(bytes);
    return this.#bytes.toString('hex', start, start + bytes);
  }

  /** Goes on by that many bytes; answers where they start. */
  #pass(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#bytes.length) throw invalid('that ends inside an entry');
    this.#at += bytes;
    return start;
  }
}
