import { corrupt } from './layer-errors.js';
import { decodeName } from './paths.js';

export const blockSize = 512;

const posixMagic = 'ustar\x0000';
const gnuMagic = 'ustar  \0';
const space = 0x20;

/**
 * Header block. @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html "ustar
 * Interchange Format"
 */
export interface TarHeader {
  name: string;
  linkName: string;
  /** Type flag: `0` or NUL a file, `1` a hard link, `2` a symbolic link, `5` a directory… */
  flag: string;
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970; absent if it is 0 or not a time. */
  mtime?: number;
  /** Bytes after the header, before padding. */
  size: number;
  isGnu: boolean;
}

/** @throws InvalidInput `CORRUPT_LAYER` when the checksum or a number is wrong */
export function readHeader(block: Buffer): TarHeader {
  verifyChecksum(block);
  const magic = block.toString('latin1', 257, 265);
  const name = textAt(block, 0, 100);
  const prefix = prefixOf(block, magic);
  const size = numberAt(block, 124, 12);
  if (size < 0) throw corrupt('tar entry with a negative size');
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: textAt(block, 157, 100),
    flag: String.fromCharCode(block[156]!),
    mode: numberAt(block, 100, 8) & 0o7777,
    // Linux ids have 32 bits; some archivers write the user nobody as -2.
    uid: numberAt(block, 108, 8) >>> 0,
    gid: numberAt(block, 116, 8) >>> 0,
    mtime: seconds(parseNumber(block, 136, 12)),
    size,
    isGnu: magic === gnuMagic,
  };
}

/**
 * Prefix field of the name. Follows Go in which headers have that field, even for damaged headers.
 */
function prefixOf(block: Buffer, magic: string): string {
  if (magic === posixMagic) {
    const isStar = block.toString('latin1', 508, 512) === 'tar\0';
    return textAt(block, 345, isStar ? 131 : 155);
  }
  // GNU tar has times at this offset; old versions of Go still wrote a prefix there.
  const hasTimes = parseNumber(block, 345, 12) !== undefined && parseNumber(block, 357, 12) !== undefined;
  return magic === gnuMagic && !hasTimes ? textAt(block, 345, 155) : '';
}

/** Whole seconds of 32 bits, until 2106; undefined for all other times. */
export function seconds(time: number | undefined): number | undefined {
  return time !== undefined && time >= 1 && time < 2 ** 32 ? Math.floor(time) : undefined;
}

export function isZeroBlock(block: Buffer): boolean {
  return block.length === blockSize && block.every((byte) => byte === 0);
}

/** Bytes between the end of content and the next block. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** Old tars summed signed bytes; every reader accepts both. */
function verifyChecksum(block: Buffer): void {
  const stated = numberAt(block, 148, 8);
  let unsigned = 8 * 0x20;
  for (let at = 0; at < 148; at += 1) unsigned += block[at]!;
  for (let at = 156; at < blockSize; at += 1) unsigned += block[at]!;
  if (stated === unsigned) return;
  const high = block.filter((byte, at) => byte > 127 && (at < 148 || at >= 156)).length;
  if (stated !== unsigned - 256 * high) throw corrupt('tar header with a wrong checksum');
}

function textAt(block: Buffer, offset: number, length: number): string {
  return decodeName(untilNul(block.subarray(offset, offset + length)));
}

export function untilNul(bytes: Buffer): Buffer {
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}

/** @throws InvalidInput `CORRUPT_LAYER` when the field is no number */
export function numberAt(block: Buffer, offset: number, length: number): number {
  const number = parseNumber(block, offset, length);
  if (number === undefined) throw corrupt('tar header with a number that cannot be one');
  return number;
}

/**
 * Number field: octal digits, or big-endian two's complement when the top bit is set (GNU,
 * "base-256").
 */
function parseNumber(block: Buffer, offset: number, length: number): number | undefined {
  if (block[offset]! >= 0x80) return parseBinary(block.subarray(offset, offset + length));
  // Byte by byte, because a layer of a million entries has six million numbers.
  const end = offset + length;
  let at = offset;
  while (at < end && (block[at] === space || block[at] === 0)) at += 1;
  let value = 0;
  for (; at < end && isOctal(block[at]!); at += 1) value = 8 * value + block[at]! - 0x30;
  while (at < end && block[at] === space) at += 1;
  return at === end || block[at] === 0 ? value : undefined;
}

function isOctal(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x37;
}

function parseBinary(bytes: Buffer): number | undefined {
  const isNegative = (bytes[0]! & 0x40) !== 0;
  let value = BigInt(bytes[0]! & 0x3f) - (isNegative ? 0x40n : 0n);
  for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Parses a number of a PAX header or sparse map. */
export function decimal(digits: string): number {
  const number = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw corrupt('tar entry with a number that is not decimal');
  return number;
}
