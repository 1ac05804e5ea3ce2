import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { entryTypes, type LayerEntry } from './layer-entry.js';
import { layerLimits } from './limits.js';

// One byte of version, then for each entry, all numbers as little-endian groups of seven bits:
//   kind (type, whiteout, which optional fields follow), characters shared with the path before, rest of the path,
//   mode, uid, gid, size, [32 bytes of sha256], [16 of md5], [20 of sha1], [link target], [length and bytes of capabilities]
// and all of that deflated. A layer of a distribution takes 40 to 50 bytes an entry, most of it digests.
const formatVersion = 1;
const hasDigest = 0x20;
const hasLink = 0x40;
const hasMd5 = 0x80;
const hasSha1 = 0x100;
const hasCapabilities = 0x200;
const maxKind = 0x3ff;
const whiteouts = [undefined, 'file', 'opaque'] as const;

const maxDecodedBytes = 512 * 1024 * 1024;

/** Packs the entries of a layer into one blob; the same entries give the same bytes. */
export function encodeEntries(entries: Iterable<LayerEntry>): Buffer {
  const writer = new Writer();
  writer.number(formatVersion);
  let previous = '';
  for (const entry of entries) {
    writeEntry(writer, entry, previous);
    previous = entry.path;
  }
  return deflateRawSync(writer.bytes());
}

function writeEntry(writer: Writer, entry: LayerEntry, previous: string): void {
  const { path, type, mode, uid, gid, size, sha256, md5, sha1, linkTarget, capabilities, whiteout } = entry;
  writer.number(entryTypes.indexOf(type) | (whiteouts.indexOf(whiteout) << 3) | optionalFields(entry));
  const shared = sharedLength(previous, path);
  writer.number(shared);
  writer.text(path.slice(shared));
  for (const number of [mode, uid, gid, size]) writer.number(number);
  for (const digest of [sha256, md5, sha1]) if (digest !== undefined) writer.raw(Buffer.from(digest, 'hex'));
  if (linkTarget !== undefined) writer.text(linkTarget);
  if (capabilities === undefined) return;
  const bytes = Buffer.from(capabilities, 'hex');
  writer.number(bytes.length);
  writer.raw(bytes);
}

function optionalFields({ sha256, md5, sha1, linkTarget, capabilities }: LayerEntry): number {
  return (
    (sha256 === undefined ? 0 : hasDigest) |
    (linkTarget === undefined ? 0 : hasLink) |
    (md5 === undefined ? 0 : hasMd5) |
    (sha1 === undefined ? 0 : hasSha1) |
    (capabilities === undefined ? 0 : hasCapabilities)
  );
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
 * @throws LimitExceeded `maxDecodedBytes`, `maxEntries`
 */
export function decodeEntries(blob: Uint8Array): LayerEntry[] {
  const reader = new Reader(inflateEntries(blob));
  if (reader.number() !== formatVersion) throw new InvalidInput('ENTRIES_INVALID', 'file list of an unknown version');
  const entries: LayerEntry[] = [];
  let previous = '';
  while (!reader.isDone()) {
    if (entries.length === layerLimits.maxEntries) {
      throw new LimitExceeded('maxEntries', `file list of more than ${layerLimits.maxEntries} entries`);
    }
    const entry = readEntry(reader, previous);
    previous = entry.path;
    entries.push(entry);
  }
  return entries;
}

function inflateEntries(blob: Uint8Array): Buffer {
  try {
    return inflateRawSync(blob, { maxOutputLength: maxDecodedBytes });
  } catch (cause) {
    const isTooLong = (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLong) throw new LimitExceeded('maxDecodedBytes', `file list of more than ${maxDecodedBytes} bytes`);
    throw new InvalidInput('ENTRIES_INVALID', 'file list that does not inflate', { cause });
  }
}

function readEntry(reader: Reader, previous: string): LayerEntry {
  const kind = reader.number();
  const type = entryTypes[kind & 7];
  const whiteout = whiteouts[(kind >> 3) & 3];
  if (type === undefined || kind > maxKind)
    throw new InvalidInput('ENTRIES_INVALID', 'file list with an unknown kind of entry');
  const path = previous.slice(0, reader.number()) + reader.text();
  // Nobody could store such a path, and no name of a tar becomes one.
  if (path.length > layerLimits.maxPathBytes || !path.isWellFormed())
    throw new InvalidInput('ENTRIES_INVALID', 'file list with an impossible path');
  const [mode, uid, gid, size] = [reader.number(), reader.number(), reader.number(), reader.number()];
  const sha256 = (kind & hasDigest) === 0 ? undefined : reader.raw(32).toString('hex');
  const md5 = (kind & hasMd5) === 0 ? undefined : reader.raw(16).toString('hex');
  const sha1 = (kind & hasSha1) === 0 ? undefined : reader.raw(20).toString('hex');
  const linkTarget = (kind & hasLink) === 0 ? undefined : reader.text();
  const capabilities = (kind & hasCapabilities) === 0 ? undefined : reader.raw(reader.number()).toString('hex');
  return {
    path,
    type,
    mode,
    uid,
    gid,
    size,
    ...(sha256 !== undefined && { sha256 }),
    ...(md5 !== undefined && { md5 }),
    ...(sha1 !== undefined && { sha1 }),
    ...(linkTarget !== undefined && { linkTarget }),
    ...(capabilities !== undefined && { capabilities }),
    ...(whiteout !== undefined && { whiteout }),
  };
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

  raw(value: Buffer): void {
    this.#reserve(value.length);
    this.#length += value.copy(this.#bytes, this.#length);
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
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

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.raw(1)[0]!;
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value))
        throw new InvalidInput('ENTRIES_INVALID', 'file list with a number beyond 2^53');
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  text(): string {
    const text = this.raw(this.number()).toString('utf8');
    if (text.includes('\0')) throw new InvalidInput('ENTRIES_INVALID', 'file list with a NUL in a name');
    return text;
  }

  raw(bytes: number): Buffer {
    const end = this.#at + bytes;
    if (end > this.#bytes.length) throw new InvalidInput('ENTRIES_INVALID', 'file list that ends inside an entry');
    const piece = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }
}
