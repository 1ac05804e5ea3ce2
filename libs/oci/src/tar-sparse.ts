import { LimitExceeded } from '@tidewaiter/domain';

import { pass, take, type Demand } from './byte-walk.js';
import { corrupt, truncated } from './layer-errors.js';
import { blockSize, decimal, numberAt, type TarHeader } from './tar-header.js';

/** Pieces of data in a file, in order and without overlap: everything between them is zeros. */
export type SparseMap = readonly { offset: number; bytes: number }[];

export interface Sparse {
  map: SparseMap;
  /** Bytes of the file with its holes. */
  realSize: number;
}

/** Sparse fields of a PAX header; without `map` (format 1.0) the map precedes the data. */
export interface PaxSparse {
  map?: SparseMap;
  realSize: number;
  /** Real name of the file; the name in the header is generated. */
  name?: string;
}

interface SparseVisitor {
  data(piece: Buffer): void;
  hole(bytes: number): void;
}

/**
 * Pairs offsets with lengths.
 * @throws InvalidInput `CORRUPT_LAYER` unless the pieces are in order, apart and inside the file
 */
export function pairSparseMap(numbers: readonly number[], realSize: number): SparseMap {
  if (numbers.length % 2 !== 0) throw corrupt('sparse tar entry with half a map entry');
  const map: { offset: number; bytes: number }[] = [];
  let end = 0;
  for (let at = 0; at < numbers.length; at += 2) {
    const offset = numbers[at]!;
    const bytes = numbers[at + 1]!;
    if (offset < end || bytes < 0 || offset + bytes > realSize) {
      throw corrupt('sparse tar entry with a map that does not fit its size');
    }
    end = offset + bytes;
    map.push({ offset, bytes });
  }
  return map;
}

/** @throws InvalidInput `CORRUPT_LAYER` unless the map describes exactly the stored bytes */
export function checkedSparse(map: SparseMap, realSize: number, dataBytes: number): Sparse {
  let mapped = 0;
  for (const { bytes } of map) mapped += bytes;
  if (mapped !== dataBytes) throw corrupt('sparse tar entry that stores more or less than its map says');
  return { map, realSize };
}

/**
 * Reads GNU's old format: four pieces in the header, more in blocks behind it. @see
 * https://www.gnu.org/software/tar/manual/html_node/Old-GNU-Format.html
 */
export function* readGnuSparse(
  { isGnu }: TarHeader,
  block: Buffer,
  stored: number,
  maxBytes: number,
): Generator<Demand, Sparse, Buffer> {
  if (!isGnu) throw corrupt('sparse tar entry outside the GNU format');
  const realSize = numberAt(block, 483, 12);
  const numbers = gnuPieces(block, 386, 4);
  let more = block[482] !== 0;
  for (let read = 0; more; read += blockSize) {
    if (read > maxBytes)
      throw new LimitExceeded('maxHeaderBytes', `tar entry with a sparse map above ${maxBytes} bytes`);
    const extension = yield* take(blockSize);
    if (extension.length < blockSize) throw truncated('tar ends inside a sparse map');
    for (const number of gnuPieces(extension, 0, 21)) numbers.push(number);
    more = extension[504] !== 0;
  }
  return checkedSparse(pairSparseMap(numbers, realSize), realSize, stored);
}

function gnuPieces(block: Buffer, offset: number, count: number): number[] {
  const numbers: number[] = [];
  for (let at = offset; at < offset + count * 24 && block[at] !== 0; at += 24) {
    numbers.push(numberAt(block, at, 12), numberAt(block, at + 12, 12));
  }
  return numbers;
}

/**
 * Reads PAX format 1.0: a count and that many pairs before the data, one number per line, padded to
 * a block. @see https://www.gnu.org/software/tar/manual/html_node/PAX-1.html
 */
export function* readSparseInData(
  realSize: number,
  stored: number,
  maxBytes: number,
): Generator<Demand, Sparse, Buffer> {
  let text = '';
  let lines = 0;
  let wanted = 1;
  while (lines < wanted) {
    if (text.length > maxBytes)
      throw new LimitExceeded('maxHeaderBytes', `tar entry with a sparse map above ${maxBytes} bytes`);
    const block = yield* take(blockSize);
    if (block.length < blockSize) throw truncated('tar ends inside a sparse map');
    for (const byte of block) if (byte === 0x0a) lines += 1;
    text += block.toString('latin1');
    if (wanted === 1) wanted = 1 + 2 * decimal(text.slice(0, text.indexOf('\n')));
  }
  const numbers = text.split('\n', wanted).slice(1).map(decimal);
  return checkedSparse(pairSparseMap(numbers, realSize), realSize, stored - text.length);
}

/**
 * Passes the pieces of a sparse file and the holes between them to `visitor`.
 * @returns number of missing bytes when the input ended
 */
export function* passSparse({ map, realSize }: Sparse, visitor: SparseVisitor): Generator<Demand, number, Buffer> {
  let at = 0;
  for (const { offset, bytes } of map) {
    if (offset > at) visitor.hole(offset - at);
    const missing = yield* pass(bytes, (piece) => visitor.data(piece));
    if (missing > 0) return missing;
    at = offset + bytes;
  }
  if (realSize > at) visitor.hole(realSize - at);
  return 0;
}
