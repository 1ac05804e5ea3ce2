import { type DigestAlgorithm, type EntryType, entryTypes, type LayerEntry } from './layer-entry.js';
import { layerLimits } from './limits.js';

/** Buffer of consecutive rows. */
export interface RowPage {
  bytes: Buffer;
  /** View of the same memory as `bytes`. */
  numbers: DataView;
  /** End of the last row. */
  end: number;
}

export function pageOf(bytes: Buffer, end: number): RowPage {
  return { bytes, numbers: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), end };
}

// A row, all numbers big-endian:
//   kind (16 bits: type, whiteout, which optional fields follow), mode (16), uid (32), gid (32),
//   mtime (32), size (a double),
//   bytes of the path (16) and of the link target (16), [32 bytes of sha256], [16 of md5], [20 of
//   sha1], path, [link target],
//   [bytes of the capabilities (8), capabilities]
const [modeAt, uidAt, gidAt, mtimeAt, sizeAt, pathBytesAt, linkBytesAt, fixedBytes] = [2, 4, 8, 12, 16, 24, 26, 28];

const digests = [
  { algorithm: 'sha256', bit: 0x20, bytes: 32 },
  { algorithm: 'md5', bit: 0x80, bytes: 16 },
  { algorithm: 'sha1', bit: 0x100, bytes: 20 },
] as const;
const digestBytes = 68;
const hasLink = 0x40;
/** Flag: another entry has replaced this one. */
const isGone = 0x200;
const hasCapabilities = 0x400;
const maxKind = 0x7ff;
const whiteouts = [undefined, 'file', 'opaque'] as const;
/** A character takes three bytes at most. */
const maxNameBytes = 3 * layerLimits.maxPathBytes;

/** Upper bound of the bytes that the row of an entry takes. */
export function roomFor({ path, linkTarget = '', capabilities = '' }: LayerEntry): number {
  return fixedBytes + digestBytes + 3 * (path.length + linkTarget.length) + 1 + capabilities.length / 2;
}

/** Writes an entry after the last row of a page, which must have room for it. */
export function writeRow(page: RowPage, entry: LayerEntry): void {
  const { path, mode, uid, gid, mtime = 0, size, linkTarget = '', capabilities } = entry;
  const { bytes, numbers, end: at } = page;
  numbers.setUint16(at, kindOf(entry));
  numbers.setUint16(at + modeAt, mode);
  numbers.setUint32(at + uidAt, uid);
  numbers.setUint32(at + gidAt, gid);
  numbers.setUint32(at + mtimeAt, mtime);
  numbers.setFloat64(at + sizeAt, size);
  page.end += fixedBytes;
  for (const { algorithm } of digests) {
    const digest = entry[algorithm];
    if (digest !== undefined) page.end += bytes.write(digest, page.end, 'hex');
  }
  for (const [text, lengthAt] of [
    [path, pathBytesAt],
    [linkTarget, linkBytesAt],
  ] as const) {
    const length = text === '' ? 0 : bytes.write(text, page.end);
    numbers.setUint16(at + lengthAt, length);
    page.end += length;
  }
  if (capabilities === undefined) return;
  const length = bytes.write(capabilities, page.end + 1, 'hex');
  bytes[page.end] = length;
  page.end += 1 + length;
}

function kindOf({ type, whiteout, linkTarget, sha256, md5, sha1, capabilities }: LayerEntry): number {
  return (
    entryTypes.indexOf(type) |
    (whiteouts.indexOf(whiteout) << 3) |
    (linkTarget === undefined ? 0 : hasLink) |
    (sha256 === undefined ? 0 : digests[0].bit) |
    (md5 === undefined ? 0 : digests[1].bit) |
    (sha1 === undefined ? 0 : digests[2].bit) |
    (capabilities === undefined ? 0 : hasCapabilities)
  );
}

export function markGone({ numbers }: RowPage, at: number): void {
  numbers.setUint16(at, numbers.getUint16(at) | isGone);
}

export function isGoneAt({ numbers }: RowPage, at: number): boolean {
  return (numbers.getUint16(at) & isGone) !== 0;
}

/** End of the row at `at`; undefined if `writeRow` cannot have written it. */
export function endOfRow({ bytes, numbers, end }: RowPage, at: number): number | undefined {
  if (at + fixedBytes > end) return undefined;
  const kind = numbers.getUint16(at);
  const pathBytes = numbers.getUint16(at + pathBytesAt);
  const linkBytes = numbers.getUint16(at + linkBytesAt);
  const size = numbers.getFloat64(at + sizeAt);
  const namesAt = at + fixedBytes + digestBytesOf(kind);
  const namesEnd = namesAt + pathBytes + linkBytes;
  // A length byte beyond the page counts as 0; the row still ends beyond the page and is rejected.
  const next = (kind & hasCapabilities) === 0 ? namesEnd : namesEnd + 1 + (bytes[namesEnd] ?? 0);
  const isKind = kind <= maxKind && (kind & 7) < entryTypes.length && ((kind >> 3) & 3) < whiteouts.length;
  const isNamed = Math.max(pathBytes, linkBytes) <= maxNameBytes && (linkBytes === 0 || (kind & hasLink) !== 0);
  if (!isKind || !isNamed || !Number.isSafeInteger(size) || size < 0 || next > end) return undefined;
  // PostgreSQL cannot store NUL in text.
  const nul = bytes.indexOf(0, namesAt);
  return nul !== -1 && nul < namesEnd ? undefined : next;
}

function digestBytesOf(kind: number): number {
  let total = 0;
  for (const { bit, bytes } of digests) if ((kind & bit) !== 0) total += bytes;
  return total;
}

/**
 * Entry that decodes the fields of its row lazily, so that reading one field of a million rows
 * costs little.
 */
export class RowEntry implements LayerEntry {
  readonly #page: RowPage;
  readonly #at: number;

  constructor(page: RowPage, at: number) {
    this.#page = page;
    this.#at = at;
  }

  get path(): string {
    return this.#page.bytes.toString('utf8', this.#pathAt, this.#linkAt);
  }

  get type(): EntryType {
    return entryTypes[this.#kind & 7]!;
  }

  get mode(): number {
    return this.#page.numbers.getUint16(this.#at + modeAt);
  }

  get uid(): number {
    return this.#page.numbers.getUint32(this.#at + uidAt);
  }

  get gid(): number {
    return this.#page.numbers.getUint32(this.#at + gidAt);
  }

  get mtime(): number | undefined {
    return this.#page.numbers.getUint32(this.#at + mtimeAt) || undefined;
  }

  get size(): number {
    return this.#page.numbers.getFloat64(this.#at + sizeAt);
  }

  get sha256(): string | undefined {
    return this.#digest('sha256');
  }

  get md5(): string | undefined {
    return this.#digest('md5');
  }

  get sha1(): string | undefined {
    return this.#digest('sha1');
  }

  get linkTarget(): string | undefined {
    if ((this.#kind & hasLink) === 0) return undefined;
    return this.#page.bytes.toString('utf8', this.#linkAt, this.#capabilitiesAt);
  }

  get capabilities(): string | undefined {
    if ((this.#kind & hasCapabilities) === 0) return undefined;
    const { bytes } = this.#page;
    const at = this.#capabilitiesAt;
    return bytes.toString('hex', at + 1, at + 1 + bytes[at]!);
  }

  get whiteout(): LayerEntry['whiteout'] {
    return whiteouts[(this.#kind >> 3) & 3];
  }

  /** Copy as a plain object, which can be printed and compared. */
  toJSON(): LayerEntry {
    const { path, type, mode, uid, gid, mtime, size, sha256, md5, sha1, linkTarget, capabilities, whiteout } = this;
    return { path, type, mode, uid, gid, mtime, size, sha256, md5, sha1, linkTarget, capabilities, whiteout };
  }

  get #kind(): number {
    return this.#page.numbers.getUint16(this.#at);
  }

  get #pathAt(): number {
    return this.#at + fixedBytes + digestBytesOf(this.#kind);
  }

  get #linkAt(): number {
    return this.#pathAt + this.#page.numbers.getUint16(this.#at + pathBytesAt);
  }

  get #capabilitiesAt(): number {
    return this.#linkAt + this.#page.numbers.getUint16(this.#at + linkBytesAt);
  }

  #digest(wanted: DigestAlgorithm): string | undefined {
    let at = this.#at + fixedBytes;
    for (const { algorithm, bit, bytes } of digests) {
      const isThere = (this.#kind & bit) !== 0;
      if (algorithm === wanted) return isThere ? this.#page.bytes.toString('hex', at, at + bytes) : undefined;
      if (isThere) at += bytes;
    }
    return undefined;
  }
}
