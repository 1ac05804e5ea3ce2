import { crc32 } from 'node:zlib';

/** Length and checksum before each entry. */
const headBytes = 8;
/** Limit on an entry: a pipeline's document in Base64, and some more. */
export const maxEntryBytes = 32 * 2 ** 20;

/**
 * An entry as it stands in a segment: its length, the CRC-32 of length and content, and the
 * content.
 */
export function frameOf(content: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + content.length);
  frame.writeUInt32LE(content.length, 0);
  frame.set(content, headBytes);
  frame.writeUInt32LE(checksum(frame.subarray(0, 4), content), 4);
  return frame;
}

/** An entry of a segment and the offset behind it. */
export interface LogEntry {
  content: Buffer;
  end: number;
}

/**
 * Reads the entry at an offset. `end` means that nothing follows, `cut` that the bytes end within
 * the entry, `damaged` that they are no entry: where the next one begins is then unknown.
 */
export function entryAt(bytes: Buffer, offset: number): LogEntry | 'end' | 'cut' | 'damaged' {
  const left = bytes.length - offset;
  if (left === 0) return 'end';
  if (left < headBytes) return 'cut';
  const length = bytes.readUInt32LE(offset);
  // A length of zero is what a file system leaves of a block that it never wrote.
  if (length === 0 || length > maxEntryBytes) return 'damaged';
  const end = offset + headBytes + length;
  if (end > bytes.length) return 'cut';
  const content = bytes.subarray(offset + headBytes, end);
  const isWhole = checksum(bytes.subarray(offset, offset + 4), content) === bytes.readUInt32LE(offset + 4);
  return isWhole ? { content, end } : 'damaged';
}

function checksum(length: Uint8Array, content: Uint8Array): number {
  return crc32(content, crc32(length));
}
