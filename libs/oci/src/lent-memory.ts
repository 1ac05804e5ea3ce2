/**
 * Releases the memory of lent bytes at once, and makes them empty. A layer makes gigabytes of such
 * garbage, for which the whole heap would be collected again and again. Bytes that share their
 * memory with others, like a chunk that zlib has not filled, are left alone.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
