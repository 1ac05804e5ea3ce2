import { crc32, inflateRawSync } from 'node:zlib';

const directorySignature = 'PK\u0001\u0002';
const localHeaderBytes = 30;

/**
 * Puts the right checksums into the directory of a ZIP archive, where it still leads to content.
 */
export function withZipChecksums(archive: Buffer): Buffer {
  let at = archive.indexOf(directorySignature, 0, 'latin1');
  while (at !== -1 && at + 46 <= archive.length) {
    const offset = archive.readUInt32LE(at + 42);
    if (offset + localHeaderBytes <= archive.length) {
      const extra = archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
      const start = offset + localHeaderBytes + extra;
      const data = archive.subarray(start, start + archive.readUInt32LE(at + 20));
      archive.writeUInt32LE(crc32(contentOf(data, archive.readUInt16LE(at + 10))), at + 16);
    }
    at = archive.indexOf(directorySignature, at + 4, 'latin1');
  }
  return archive;
}

function contentOf(data: Buffer, method: number): Buffer {
  if (method !== 8) return data;
  try {
    return inflateRawSync(data, { maxOutputLength: 16 << 20 });
  } catch {
    return data;
  }
}
