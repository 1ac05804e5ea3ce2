import { MalformedFile } from '@tidewaiter/domain';

/**
 * Part of a file at an untrusted offset and length.
 * @throws MalformedFile when it reaches beyond the end
 */
export function sliceOf(bytes: Buffer, offset: number, length: number): Buffer {
  check(bytes, offset, length);
  return bytes.subarray(offset, offset + length);
}

/** @throws MalformedFile beyond the end */
export function u16be(bytes: Buffer, offset: number): number {
  check(bytes, offset, 2);
  return bytes.readUInt16BE(offset);
}

/** @throws MalformedFile beyond the end */
export function u32be(bytes: Buffer, offset: number): number {
  check(bytes, offset, 4);
  return bytes.readUInt32BE(offset);
}

/** @throws MalformedFile beyond the end */
export function u32le(bytes: Buffer, offset: number): number {
  check(bytes, offset, 4);
  return bytes.readUInt32LE(offset);
}

function check(bytes: Buffer, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > bytes.length)
    throw new MalformedFile(`${length} bytes at ${offset} reach beyond the ${bytes.length} that there are`);
}

/**
 * Returns the result of `read`, or `unreadable` for malformed bytes: one bad part does not affect
 * the others.
 */
export function orUnreadable<T>(read: () => T): T | 'unreadable' {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedFile) return 'unreadable';
    throw error;
  }
}
