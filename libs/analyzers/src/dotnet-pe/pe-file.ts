import { MalformedFile } from '@tidewaiter/domain';

/** Directory entry of the optional header: address of its data in memory. */
interface DataDirectory {
  address: number;
  sizeBytes: number;
}

interface Section extends DataDirectory {
  offset: number;
}

/** Headers of a Windows program or library, with its bytes. */
export interface PeFile {
  content: Buffer;
  sections: readonly Section[];
  /** In the order of the specification: 2 has the resources, 14 the header of .NET. */
  directories: readonly DataDirectory[];
}

const signature = 0x4550; // 'PE\0\0'
const formats = { pe32: 0x10b, pe32plus: 0x20b };
const maxSections = 96;
const maxDirectories = 16;

/**
 * Reads the headers of a portable executable.
 * @throws MalformedFile for any other file
 * @see https://learn.microsoft.com/windows/win32/debug/pe-format
 */
export function readPe(content: Buffer): PeFile {
  const at = wordAt(content, 0x3c);
  if (wordAt(content, at) !== signature) throw new MalformedFile('no portable executable');
  const optionalHeader = at + 24;
  const format = halfAt(content, optionalHeader);
  if (format !== formats.pe32 && format !== formats.pe32plus) throw new MalformedFile('executable of unknown format');
  const directoriesAt = optionalHeader + (format === formats.pe32 ? 96 : 112);
  const directories = Math.min(wordAt(content, directoriesAt - 4), maxDirectories);
  const sectionsAt = optionalHeader + halfAt(content, at + 20);
  const sections = Math.min(halfAt(content, at + 6), maxSections);
  return {
    content,
    directories: Array.from({ length: directories }, (_, index) => ({
      address: wordAt(content, directoriesAt + index * 8),
      sizeBytes: wordAt(content, directoriesAt + index * 8 + 4),
    })),
    sections: Array.from({ length: sections }, (_, index) => ({
      address: wordAt(content, sectionsAt + index * 40 + 12),
      sizeBytes: wordAt(content, sectionsAt + index * 40 + 16),
      offset: wordAt(content, sectionsAt + index * 40 + 20),
    })),
  };
}

/**
 * Returns the bytes at an address, up to the end of their section; undefined outside of all
 * sections.
 */
export function bytesAt({ content, sections }: PeFile, address: number): Buffer | undefined {
  const section = sections.find((one) => address >= one.address && address < one.address + one.sizeBytes);
  if (!section) return undefined;
  const end = Math.min(section.offset + section.sizeBytes, content.length);
  const start = section.offset + address - section.address;
  return start < end ? content.subarray(start, end) : undefined;
}

/** @throws MalformedFile beyond the end */
export function wordAt(content: Buffer, at: number): number {
  if (at < 0 || at + 4 > content.length) throw new MalformedFile('executable that is cut short');
  return content.readUInt32LE(at);
}

/** @throws MalformedFile beyond the end */
export function halfAt(content: Buffer, at: number): number {
  if (at < 0 || at + 2 > content.length) throw new MalformedFile('executable that is cut short');
  return content.readUInt16LE(at);
}
